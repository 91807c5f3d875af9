"""The pages of staff and of participants: what they show, what they do, who reaches them."""

import re

import pytest

from core.api import Requirement, change_settings, db
from core.cohorts.services import override_progress, withdraw
from core.people.services import change_person
from plugins.certificates import queries, services
from plugins.certificates.jobs import make_pdf
from plugins.certificates.tests.access_table import HOLDERS
from plugins.certificates.tests.conftest import SIGNED, all_certificates, numbers

FILE = "application/pdf"


@pytest.fixture
def organiser(graduation, as_user):
    return as_user(graduation.organiser)


@pytest.fixture
def issued(graduation):
    found = list(services.issue(graduation.cohort, by=None))
    for one in found:
        make_pdf.func.__wrapped__(certificate_id=one.id)
    db.session.commit()
    return found


# Issuing


def test_the_page_before_issuing_shows_what_is_printed_and_changes_nothing(graduation, organiser):
    page = organiser.get(graduation.url("/issue")).text

    for words in ("0001/KALSEL-07-2026/PP/XI/2026", "0003/KALSEL-07-2026/PP/XI/2026",
                  "Dr. Contoh Adinata, M.Hum.", "27 November 2026", "Ni&#39;matul",
                  "Hj. Siti Nur&#39;aini, S.Pd.I., M.M.", "{sequence:4}/{cohort}",
                  "Wati", "Bacaan Media sosial"):  # fmt: skip
        assert words in page
    assert numbers() == []


def test_the_button_issues_to_all_who_wait_once(graduation, organiser):
    first = organiser.post(graduation.url("/issue"), follow_redirects=True)
    second = organiser.post(graduation.url("/issue"), follow_redirects=True)

    assert (first.status_code, second.status_code) == (200, 200)
    assert len(numbers()) == 3
    assert {one.issued_by_id for one in all_certificates()} == {graduation.organiser.id}


def test_with_nobody_waiting_there_is_nothing_to_review(graduation, organiser, issued):
    answer = organiser.get(graduation.url("/issue"))

    assert answer.location == graduation.url()


def test_a_missing_signer_is_said_before_issuing(graduation, organiser, as_user, make):
    change_settings("certificates", graduation.institution, {}, by=None)
    admin = as_user(make.staff("institution_admin", graduation.institution))
    settings = f"/institutions/{graduation.institution.id}/plugins/certificates/settings"

    told, to_admin = (who.get(graduation.url("/issue")).text for who in (organiser, admin))

    for page in (told, to_admin):
        assert (page.count('class="notice bad"'), page.count('class="notice warn"')) == (1, 1)
        assert 'method="post"><input' not in page
    assert settings not in told
    assert settings in to_admin
    refused = organiser.post(graduation.url("/issue"), follow_redirects=True).text
    assert 'class="notice bad"' in refused
    assert "Perpustakaan Contoh" in refused
    assert numbers() == []


@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_a_class_that_is_not_published_is_refused_with_a_sentence(graduation, organiser, status):
    graduation.cohort.status = status

    review = organiser.get(graduation.url("/issue")).text
    answer = organiser.post(graduation.url("/issue"), follow_redirects=True).text

    assert 'class="notice bad"' in review
    assert 'method="post"><input' not in review
    assert 'class="notice bad"' in answer
    assert numbers() == []


def test_hours_that_do_not_add_up_are_said_before_issuing(graduation, organiser):
    graduation.course.lesson_hours = 20

    assert organiser.get(graduation.url("/issue")).text.count('class="notice warn"') == 1


def test_a_number_in_use_is_refused_with_a_sentence(graduation, organiser, issued):
    plain = {**SIGNED, "number_pattern": "0001/KALSEL-07-2026/PP/XI/2026"}
    change_settings("certificates", graduation.institution, plain, by=None)
    graduation.complete(graduation.unfinished)

    page = organiser.post(graduation.url("/issue"), follow_redirects=True).text

    assert 'class="notice bad"' in page
    assert len(numbers()) == 3


# The class's page


def test_figures_lists_and_reasons(graduation, organiser, monkeypatch):
    note = Requirement(graduation.unfinished.id, "Presence", met=False, note="40 of 80")
    monkeypatch.setattr(
        queries, "requirements_of", lambda *_given: {graduation.unfinished.id: [note]}
    )

    page = organiser.get(graduation.url()).text

    assert "3 dari 4" in page
    assert graduation.url("/issue") in page
    assert "Wati" in page
    assert "Bacaan Media sosial" in page
    assert "Bacaan Analisis" not in page
    assert "Presence: 40 of 80" in page


def test_everybody_who_has_not_completed_is_listed_page_by_page(graduation, organiser, make):
    for number in range(60):
        make.enrolment(graduation.cohort, make.user(f"Peserta {number:02}"))

    first = organiser.get(graduation.url("/unfinished")).text
    second = organiser.get(first.split('rel="next" href="')[1].split('"')[0]).text

    assert [f"Peserta {n:02}" in first for n in (0, 49, 50)] == [True, True, False]
    assert [f"Peserta {n:02}" in second for n in (49, 50, 59)] == [False, True, True]
    assert "Wati" in second


def test_the_list_finds_a_name_or_number_and_goes_on_page_by_page(
    graduation, organiser, issued, make
):
    by_name = organiser.get(graduation.url("?q=SITI")).text
    by_number = organiser.get(graduation.url("?q=0003/")).text
    after = organiser.get(graduation.url(f"?after={issued[0].id}")).text
    odd = organiser.get(graduation.url("?after=99999999999999999999999&q=%25"))

    assert ("Nur&#39;aini" in by_name, "Sukarno" in by_name) == (True, False)
    assert ("Nur&#39;aini" in by_number, "Sukarno" in by_number) == (False, True)
    assert ("Ni&#39;matul" in after, "Sukarno" in after) == (False, True)
    assert odd.status_code == 200


def test_a_completion_taken_back_and_a_new_name_are_listed_to_decide(graduation, organiser, issued):
    activity = graduation.course.activities[0]
    override_progress(graduation.completed[0], activity, done=False, by=graduation.organiser,
                      reason="Mistake")  # fmt: skip
    change_person(graduation.siti, by=None, title_before="Dra.")

    page = organiser.get(graduation.url()).text.split('rows">')[1].split("</ul>")[0]

    assert page.count("/revoke") == 2
    assert "Ni&#39;matul" in page
    assert "Dra. Siti" in page
    assert "Sukarno" not in page


def test_who_was_taken_out_is_listed_to_decide_and_offered_no_new_one(
    graduation, organiser, issued
):
    withdraw(graduation.completed[1], by=None)

    page = organiser.get(graduation.url()).text.split('rows">')[1].split("</ul>")[0]
    revoked = organiser.post(
        graduation.url(f"/{issued[1].id}/revoke"), data={"reason": "Left the class"}
    )

    assert "Siti Nur&#39;aini" in page
    assert "tidak lagi ada di kelas" in page
    assert revoked.location == graduation.url()
    assert "/anew" not in organiser.get(graduation.url()).text


def test_a_file_that_failed_is_named_with_its_reason_and_tried_again(
    graduation, organiser, issued, run_jobs
):
    issued[1].file_id, issued[1].failure = None, "The store was away."

    page = organiser.get(graduation.url()).text
    assert "The store was away." in page
    assert organiser.post(graduation.url("/files")).location == graduation.url()
    run_jobs()

    assert all_certificates()[1].state == "ready"


def test_revoking_asks_for_a_reason_and_then_offers_a_new_one(graduation, organiser, issued):
    change_person(graduation.siti, by=None, title_before="Dra.")
    one = graduation.url(f"/{issued[1].id}")

    assert organiser.get(f"{one}/revoke").status_code == 200
    empty = organiser.post(f"{one}/revoke", data={"reason": " "})
    assert empty.status_code == 200
    assert all_certificates()[1].revoked_at is None

    revoked = organiser.post(f"{one}/revoke", data={"reason": "Wrong title"})
    assert revoked.location == f"{one}/anew"
    assert "Dra. Siti" in organiser.get(f"{one}/anew").text
    assert organiser.post(f"{one}/anew").location == graduation.url()
    assert organiser.post(f"{one}/anew").location == graduation.url()

    found = all_certificates()
    assert [one.state for one in found] == ["ready", "revoked", "ready", "making"]
    page = organiser.get(graduation.url()).text
    assert "Wrong title" in page
    assert found[3].number in page


def test_staff_download_a_file_or_hear_that_it_is_made(graduation, organiser, issued):
    one = graduation.url(f"/{issued[0].id}.pdf")
    assert organiser.get(one, buffered=True).mimetype == FILE

    issued[0].file_id = None

    assert organiser.get(one).location == graduation.url()


def test_a_certificate_of_another_class_is_not_there(graduation, organiser, issued, make):
    other = make.cohort(graduation.course)
    url = f"/certificates/classes/{other.code}/{issued[0].id}"

    for path in (f"{url}.pdf", f"{url}/revoke", f"{url}/anew"):
        assert organiser.get(path).status_code == 404
    assert organiser.post(f"{url}/revoke", data={"reason": "x"}).status_code == 404
    assert all_certificates()[0].revoked_at is None


# Who reaches what

PAGES = [
    ("", "get", "certificates.view"),
    ("/unfinished", "get", "certificates.view"),
    ("/{id}.pdf", "get", "certificates.view"),
    ("/issue", "get", "certificates.issue"),
    ("/issue", "post", "certificates.issue"),
    ("/{id}/revoke", "get", "certificates.issue"),
    ("/{id}/revoke", "post", "certificates.issue"),
    ("/{id}/anew", "get", "certificates.issue"),
    ("/{id}/anew", "post", "certificates.issue"),
    ("/files", "post", "certificates.issue"),
]


@pytest.fixture
def clients(graduation, as_user, make):
    """Role → a client; outsiders are organiser and admin of a neighbour."""
    neighbour = make.institution("Neighbour", graduation.institution, "province")
    make.enabled("certificates", neighbour)
    people = {
        "organiser": graduation.organiser,
        "institution_admin": make.staff("institution_admin", graduation.institution),
        "committee": make.cohort_staff(graduation.cohort, "committee"),
        "trainer": make.cohort_staff(graduation.cohort, "trainer"),
        "participant": graduation.siti,
        "foreign organiser": make.staff("organiser", neighbour),
        "foreign admin": make.staff("institution_admin", neighbour),
    }
    return {role: as_user(person) for role, person in people.items()}


@pytest.mark.parametrize(("path", "method", "permission"), PAGES)
def test_each_role_reaches_what_the_table_says(
    graduation, issued, clients, path, method, permission
):
    url = graduation.url(path.format(id=issued[0].id))

    found = {
        role: getattr(client, method)(url, buffered=True).status_code
        for role, client in clients.items()
    }

    refused = {role for role, status in found.items() if status == 403}
    assert refused == clients.keys() - HOLDERS[permission]
    assert all(status < 400 for role, status in found.items() if role not in refused)


def test_only_who_may_issue_is_offered_it(graduation, clients):
    shown = {
        role: graduation.url("/issue") in clients[role].get(graduation.url()).text
        for role in ("organiser", "institution_admin", "committee", "trainer")
    }

    assert shown == {
        "organiser": True, "institution_admin": True, "committee": False, "trainer": False,
    }  # fmt: skip


@pytest.mark.parametrize("role", ["organiser", "institution_admin"])
def test_staff_of_the_host_see_and_download_but_issue_nothing(
    graduation, issued, as_user, make, role
):
    host = as_user(make.staff(role, graduation.office))
    graduation.complete(graduation.unfinished)

    page = host.get(graduation.url()).text

    for path, method, permission in PAGES:
        url = graduation.url(path.format(id=issued[0].id))
        refused = getattr(host, method)(url, buffered=True).status_code == 403
        assert refused is (permission == "certificates.issue")
    for path in ("/issue", "/revoke", "/files"):
        assert path not in page
    assert ".pdf" in page
    assert "Perpustakaan Contoh" in page
    assert len(numbers()) == 3


def test_where_the_plugin_is_disabled_its_pages_and_panels_are_gone(
    graduation, issued, clients, make
):
    manage, learn = (f"/classes/{graduation.cohort.code}{path}" for path in ("/manage", ""))
    person = f"/classes/{graduation.cohort.code}/participants/{issued[1].enrolment_id}"
    pages = ((manage, "organiser"), (person, "organiser"), (learn, "participant"),
             ("/home", "participant"))  # fmt: skip

    def panels():
        return ['id="certificate' in clients[role].get(page).text for page, role in pages]

    before = panels()
    make.disabled("certificates", graduation.institution)

    assert (before, panels()) == ([True] * 4, [False] * 4)
    for path, method, _permission in PAGES:
        url = graduation.url(path.format(id=issued[0].id))
        assert getattr(clients["organiser"], method)(url).status_code == 404


# The participant's own


def test_participants_find_theirs_with_size_and_link(graduation, as_user, issued):
    page = as_user(graduation.siti).get("/home").text

    assert issued[1].number in page
    assert f"/certificates/mine/{issued[1].id}.pdf" in page
    assert " kB)" in page
    assert "https://wa.me/?text=" in page
    assert f'data-copy="{issued[1].check_url}"' in page
    assert issued[0].number not in page


def test_only_the_owner_downloads_it_and_only_while_it_is_valid(
    graduation, as_user, client, issued
):
    url = f"/certificates/mine/{issued[1].id}.pdf"
    owner, other = as_user(graduation.siti), as_user(graduation.completed[0].user)

    assert owner.get(url, buffered=True).mimetype == FILE
    assert other.get(url).status_code == 404
    assert as_user(graduation.organiser).get(url).status_code == 404
    assert client.get(url).status_code == 302
    services.revoke(issued[1], by=None, reason="Mistake")
    assert owner.get(url).status_code == 404


def test_the_owner_keeps_the_file_where_the_plugin_was_disabled(graduation, as_user, issued, make):
    make.disabled("certificates", graduation.institution)

    answer = as_user(graduation.siti).get(f"/certificates/mine/{issued[1].id}.pdf", buffered=True)

    assert answer.mimetype == FILE


def test_while_the_file_is_made_the_owner_is_told(graduation, as_user, issued):
    issued[1].file_id = None
    owner = as_user(graduation.siti)

    page, answer = owner.get("/home").text, owner.get(f"/certificates/mine/{issued[1].id}.pdf")

    assert issued[1].number in page
    assert f"/certificates/mine/{issued[1].id}.pdf" not in page
    assert answer.location == "/home"


def test_the_owner_of_a_revoked_one_reads_why(graduation, as_user, issued):
    services.revoke(issued[1], by=None, reason="Wrong title")

    page = as_user(graduation.siti).get("/home").text

    assert "Wrong title" in page
    assert "/certificates/mine/" not in page


def test_the_course_page_says_what_comes(graduation, as_user):
    learn = f"/classes/{graduation.cohort.code}"

    done = as_user(graduation.siti).get(learn).text
    half = as_user(graduation.unfinished.user).get(learn).text

    cards = [page.split('id="certificate"')[1].split("</section>")[0] for page in (done, half)]
    assert all("Perpustakaan Contoh" in card for card in cards)
    assert cards[0] != cards[1]


# Settings


def test_a_pattern_that_would_repeat_numbers_is_refused_in_the_form(graduation, as_user, make):
    admin = as_user(make.staff("institution_admin", graduation.institution))
    url = f"/institutions/{graduation.institution.id}/plugins/certificates/settings"

    wrong = admin.post(url, data={"number_pattern": "{sequence}", "signer": "  Dr.  Baru "})
    right = admin.post(url, data={"number_pattern": "{sequence}/{year}", "signer": "  Dr.  Baru "})

    assert wrong.status_code == 200
    assert "{year}" in wrong.text
    assert right.status_code == 302
    lot = services.lot_of(graduation.cohort)
    assert (lot.number(7), lot.settings["signer"]) == ("7/2026", "Dr. Baru")


def test_the_form_says_what_is_the_institution_s_own(graduation, as_user, make):
    admin = as_user(make.staff("institution_admin", graduation.office))

    page = admin.get(f"/institutions/{graduation.office.id}/plugins/certificates/settings").text

    assert SIGNED["signer"] not in page
    assert page.count("Hanya untuk Dinas Contoh sendiri") == 4


# Cost


def test_the_pages_cost_the_same_for_any_size(graduation, organiser, make, statements):
    def cost(path):
        organiser.get(graduation.url(path))
        del statements[:]
        organiser.get(graduation.url(path))
        return len(statements)

    paths = ("", "/issue", "/unfinished")
    small = [cost(path) for path in paths]
    for _number in range(8):
        graduation.complete(make.enrolment(graduation.cohort))
        make.enrolment(graduation.cohort)

    assert [cost(path) for path in paths] == small
    services.issue(graduation.cohort, by=None)
    assert cost("") <= small[0] + 1


# The home page of staff


def test_home_counts_what_waits_to_be_issued_and_to_be_made(graduation, as_user, make):
    office = make.staff("institution_admin", graduation.office)
    committee = make.staff("committee", graduation.office)
    other = make.staff("organiser", make.institution("Lain", graduation.institution, "province"))

    before = figures_at_home(as_user(office))
    services.issue(graduation.cohort, by=None)
    after = figures_at_home(as_user(office))

    assert before == [("Sertifikat untuk diterbitkan", "KALSEL-07-2026", "3")]
    assert after == [("Sertifikat sedang dibuat", "KALSEL-07-2026", "3")]
    assert figures_at_home(as_user(committee)) == []
    assert figures_at_home(as_user(other)) == []


def figures_at_home(client):
    """(title, class, number) of the plugin's cards."""
    page = client.get("/home").text
    card = r'<dt>([^<]*)</dt><dd><a[^>]*/certificates/classes/([^"/]*)">(\d+)</a>'
    return re.findall(card, page)
