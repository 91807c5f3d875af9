"""The pages: figures, map, chart, files, the people behind a number, and who may see them."""

import csv
import html
import io
import re
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from core.cohorts.services import record_progress
from core.db import db
from core.people.services import grant_role
from core.plugin_engine import engine
from core.plugin_engine.contributions import Permission
from plugins.monitoring import people as lists
from plugins.monitoring.tests.conftest import PEOPLE
from plugins.regions.api import provinces, set_region

DIVISION_BY_ZERO = sa.select(sa.literal(1), sa.literal_column("1 / 0"))


def plain(text):
    """What a reader sees of a piece of a page."""
    return html.unescape(" ".join(re.sub("<[^>]+>", " ", text).split()))


def lines(page):
    """The table as lists of cells, its head first and its total last."""
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.S)
    return [[plain(c) for c in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.S)] for row in rows]


def names(page):
    return [plain(name) for name in re.findall(r"<b>([^<]*)</b></a>", page)]


def complete(enrolments):
    for enrolment in enrolments:
        record_progress(enrolment, enrolment.cohort.course.activities[0], "done")


@pytest.fixture
def office_admin(kalsel, make, as_user):
    return as_user(make.staff("institution_admin", kalsel.office))


# Figures


def test_the_page_of_a_class_shows_its_regencies_and_the_total(kalsel, admin):
    complete(kalsel.enrolments["63.04"][:2])

    page = admin.get(kalsel.url()).text

    head, *rows, total = lines(page)
    assert [row[0].split()[0] for row in rows] == sorted(PEOPLE)
    assert [row[1] for row in rows] == ["3", "7", "9", "13", "11"]
    assert rows[1][2] == "28,57%"
    assert total[1:] == ["43", "4,65%"]
    assert len(head) == 3


def test_an_institution_within_a_province_begins_with_its_regencies(kalsel, admin, office_admin):
    own = office_admin.get(f"/monitoring/institutions/{kalsel.office.id}").text
    nation = admin.get(kalsel.nation_url()).text

    assert len(lines(own)) == len(PEOPLE) + 2
    assert [row[0] for row in lines(nation)[1:-1]] == ["63 Kalimantan Selatan"]


def test_each_figure_has_its_definition_beside_it(kalsel, admin, new_metric):
    new_metric("gain", {kalsel.everybody()[0].id: 5}, how="mean", unit="points")

    page = admin.get(kalsel.url()).text

    figures = re.search(r'<dl class="kpis">(.*?)</dl>', page, re.S)[1]
    assert "What gain is." in figures
    assert "5 points" in plain(figures)


def test_filters_narrow_the_figures(kalsel, admin, make):
    make.enrolment(make.cohort(make.course(kalsel.nation, code="OTHER")))

    def total(**filters):
        return lines(admin.get(kalsel.nation_url(), query_string=filters).text)[-1][1]

    assert total() == "44"
    assert total(course="SPP") == "43"
    assert total(cohort="bjm-2021") == "43"
    assert total(year="2026") == "44"
    assert total(region="63") == "43"
    assert total(region="63.04", by="institution") == "7"


def test_the_way_leads_from_the_institution_to_the_regency(kalsel, admin):
    page = admin.get(kalsel.nation_url("?region=63.04")).text

    way = re.search(r'<nav class="crumb".*?</nav>', page, re.S)[0]
    assert plain(way).endswith("Perpusnas Kalimantan Selatan Kabupaten Barito Kuala")
    links = [html.unescape(link) for link in re.findall(r'href="([^"]+)"', way)]
    assert links == [
        "/monitoring/",
        kalsel.nation_url("?metric=participants"),
        kalsel.nation_url("?metric=participants&region=63"),
    ]


def test_a_name_opens_the_level_below_it(kalsel, admin):
    page = admin.get(kalsel.nation_url()).text

    assert f'href="{kalsel.nation_url("?metric=participants&amp;region=63")}"' in page
    inner = admin.get(kalsel.nation_url("?region=63")).text
    assert len(lines(inner)) == len(PEOPLE) + 2


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ({"year": "abc"}, "2026"),
        ({"year": "0000"}, "2026"),
        ({"cohort": "LAIN-1"}, "LAIN-1"),
        ({"course": "NONE"}, "invalid"),
        ({"by": "x"}, "invalid"),
    ],
)
def test_wrong_filters_are_named_where_they_stand(kalsel, admin, make, filters, sentence):
    elsewhere = make.institution("Lain")
    make.cohort(make.course(elsewhere), code="LAIN-1")

    answer = admin.get(kalsel.nation_url(), query_string=filters)

    assert answer.status_code == 200
    assert 'class="err"' in answer.text
    assert sentence in answer.text
    assert "<table" not in answer.text
    for path in ("/figures.csv", "/figures.xlsx", "/chart.svg", "/list"):
        query = {"metric": "participants", **filters}
        assert admin.get(kalsel.nation_url(path), query_string=query).status_code == 404


@pytest.mark.parametrize("region", ["x", "6", "63.", "63.04.01", "%25"])
def test_a_region_that_cannot_be_is_not_found(kalsel, admin, region):
    assert admin.get(kalsel.nation_url(f"?region={region}")).status_code == 404


def test_a_table_of_very_many_rows_is_whole_in_the_file(kalsel, admin, monkeypatch):
    monkeypatch.setattr("plugins.monitoring.views.MOST_ROWS", 2)

    page = admin.get(kalsel.url()).text
    rows = read_csv(admin.get(kalsel.url("/figures.csv")))

    assert [row[1] for row in lines(page)[1:]] == ["3", "7", "43"]
    assert 'class="notice now"' in page
    assert len(rows) == len(PEOPLE) + 2


def test_an_unknown_metric_falls_back_to_the_participants(kalsel, admin):
    page = admin.get(kalsel.nation_url("?metric=nothing")).text

    assert re.search(r'<option selected value="participants">', page)
    assert admin.get(kalsel.nation_url("/list?metric=nothing")).status_code == 404


def test_nobody_yet_is_said_in_a_sentence_with_a_step(kalsel, admin, make):
    empty = make.institution("Kosong", kalsel.nation, "province")

    page = admin.get(f"/monitoring/institutions/{empty.id}").text
    filtered = admin.get(kalsel.nation_url("?year=1999")).text

    assert 'href="/classes"' in re.search(r'<section class="card">.*', page, re.S)[0]
    assert f'href="{kalsel.nation_url()}"' in filtered
    assert "<table" not in page + filtered


def test_a_metric_that_fails_leaves_a_dash_and_a_note(kalsel, admin, new_metric):
    new_metric("monitoring.broken", lambda _enrolments: DIVISION_BY_ZERO, title="Broken")

    answer = admin.get(kalsel.url())

    assert answer.status_code == 200
    assert 'class="notice warn"' in answer.text
    assert lines(answer.text)[-1][1:] == ["43", "0%", "—"]
    listed = admin.get(kalsel.url("/list?metric=monitoring.broken"))
    assert listed.status_code == 200
    assert "Peserta 63" not in listed.text


# Map and chart


def test_the_map_shows_every_province_and_dashes_those_without_people(kalsel, admin):
    page = admin.get(kalsel.nation_url("?by=province&metric=completed")).text

    tiles = re.findall(r'class="(tile [^"]*)"', page)
    assert len(tiles) == len(provinces()) == 38
    assert len({tile.split("x", 1)[1] for tile in tiles}) == 38
    assert [tile for tile in tiles if "off" not in tile] == ["tile bad x6 y3"]
    assert re.search(r'aria-label="63 Kalimantan Selatan: 0%, \w+"', page)
    assert "tiles.css" in page


def test_a_count_has_no_good_or_bad_on_the_map(kalsel, admin):
    page = admin.get(kalsel.nation_url("?by=province")).text

    assert "tile  x6 y3" in page
    assert 'class="state ok"' not in page


@pytest.mark.parametrize("query", ["?by=regency", "?by=institution", "?region=63&by=province"])
def test_the_map_is_of_provinces_only(kalsel, admin, query):
    assert "tiles.css" not in admin.get(kalsel.nation_url(query)).text


def test_the_chart_is_a_picture_that_loads_and_runs_nothing(kalsel, admin):
    kalsel.places["63.04"].name = "<script>alert(1)</script>"

    answer = admin.get(kalsel.url("/chart.svg?by=institution"))

    assert answer.mimetype == "image/svg+xml"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    root = ElementTree.fromstring(answer.data)  # noqa: S314 -- our own picture
    kinds = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert kinds == {"svg", "title", "style", "text", "rect"}
    assert "http" not in answer.text.replace("http://www.w3.org/2000/svg", "")
    texts = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert texts[:2] == ["63.08 Perpustakaan 63.08", "13"]
    assert "63.04 <script>alert(1)</script>" in texts


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_the_chart_wears_the_reader_s_colours(kalsel, make, as_user, theme):
    user = make.staff("organiser", kalsel.nation)
    user.theme = theme

    drawn = as_user(user).get(kalsel.url("/chart.svg")).text

    assert ("#0f4c5c" in drawn) == (theme != "dark")
    assert ("#8fcad6" in drawn) == (theme != "light")
    assert ("prefers-color-scheme" in drawn) == (theme == "auto")


def test_bars_below_zero_go_the_other_way(kalsel, admin, new_metric):
    good, poor = kalsel.enrolments["63.04"][0], kalsel.enrolments["63.10"][0]
    new_metric("gain", {good.id: 30, poor.id: -10}, how="mean")

    root = ElementTree.fromstring(admin.get(kalsel.url("/chart.svg?metric=gain")).data)  # noqa: S314 -- same

    bars = [e for e in root.iter() if e.get("class") == "b"]
    assert [(float(e.get("x")), float(e.get("width"))) for e in bars] == [(67, 201), (0, 67)]


# Files


def read_csv(answer):
    text = answer.data.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


@pytest.mark.parametrize("by", ["province", "regency", "institution"])
def test_files_hold_the_table_of_the_page(kalsel, admin, make, by):
    complete(kalsel.enrolments["63.04"][:2])
    make.enrolment(kalsel.cohort)
    query = f"?by={by}"

    shown = lines(admin.get(kalsel.url(query)).text)
    comma = read_csv(admin.get(kalsel.url(f"/figures.csv{query}")))
    workbook = admin.get(kalsel.url(f"/figures.xlsx{query}"))

    sheet = CalamineWorkbook.from_filelike(io.BytesIO(workbook.data)).get_sheet_by_index(0)
    cells = sheet.to_python()
    assert [[row[0], row[1]] for row in cells] == [row[:2] for row in comma]
    as_text = [[f"{n:g}".replace(".", ",") for n in row[-2:]] for row in cells[1:]]
    assert as_text == [row[-2:] for row in comma[1:]]
    assert [[row[-2], row[-1].rstrip("%")] for row in shown[1:]] == as_text
    assert comma[-1][-2] == "44"
    assert (
        f"monitoring-BJM-2021-{by}.csv"
        in admin.get(kalsel.url(f"/figures.csv{query}")).headers["Content-Disposition"]
    )


def test_files_keep_the_filters(kalsel, admin):
    rows = read_csv(admin.get(kalsel.nation_url("/figures.csv?region=63.04&by=regency")))

    assert [row[:3] for row in rows[1:]] == [
        ["63.04", "Kabupaten Barito Kuala", "7"],
        ["", rows[-1][1], "7"],
    ]


def test_names_in_files_are_no_formulas(kalsel, admin):
    kalsel.places["63.04"].name = "=HYPERLINK(1)"

    rows = read_csv(admin.get(kalsel.url("/figures.csv?by=institution")))
    book = admin.get(kalsel.url("/figures.xlsx?by=institution"))

    assert [row[1] for row in rows if "HYPERLINK" in row[1]] == ["'=HYPERLINK(1)"]
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(book.data)).get_sheet_by_index(0)
    assert "=HYPERLINK(1)" in [row[1] for row in sheet.to_python()]


# The people behind a number


def test_a_number_opens_the_people_behind_it(kalsel, admin):
    complete(kalsel.enrolments["63.04"][:2] + kalsel.enrolments["63.10"][:1])
    page = admin.get(kalsel.url()).text

    link = re.search(r'href="([^"]+metric=completed[^"]+row=63\.04)"', page)[1]
    listed = admin.get(html.unescape(link)).text

    assert names(listed) == ["Peserta 63.04 00", "Peserta 63.04 01"]
    assert "Perpustakaan 63.04" in listed


def test_those_who_are_missing_are_listed_apart(kalsel, admin):
    complete(kalsel.enrolments["63"][:1])

    missing = admin.get(kalsel.url("/list?metric=completed&row=63&by=regency&counted=no")).text
    everybody = admin.get(kalsel.url("/list?metric=completed&counted=no")).text

    assert names(missing) == ["Peserta 63 01", "Peserta 63 02"]
    assert len(names(everybody)) == 42


def test_lists_show_values_where_they_tell_something(kalsel, admin, new_metric):
    first, second = kalsel.enrolments["63"][:2]
    new_metric("gain", {first.id: 12.5, second.id: 0}, how="mean", unit="points")

    listed = plain(admin.get(kalsel.url("/list?metric=gain")).text)

    assert names(admin.get(kalsel.url("/list?metric=gain")).text) == [
        "Peserta 63 00", "Peserta 63 01",
    ]  # fmt: skip
    assert "12,5 points" in listed
    assert "0 points" in listed


def test_people_without_institution_have_their_list(kalsel, admin, make):
    make.enrolment(kalsel.cohort, make.user("Tanpa Lembaga"))

    for by in ("province", "regency", "institution"):
        listed = admin.get(kalsel.url(f"/list?metric=participants&by={by}&row=none")).text
        assert names(listed) == ["Tanpa Lembaga"]


def test_lists_hold_no_withdrawn_people_and_no_contacts(kalsel, admin, make):
    one, gone = kalsel.enrolments["63"][:2]
    one.user.phone, one.user.email = "+6281234567890", "peserta@example.org"
    make.withdrawn(gone)

    page = admin.get(kalsel.url("/list?metric=participants&row=63&by=regency")).text

    assert names(page) == ["Peserta 63 00", "Peserta 63 02"]
    assert not re.search(r"3456|example\.org", page)


def test_a_long_list_goes_on_by_key(kalsel, admin, monkeypatch):
    monkeypatch.setattr(lists, "PAGE", 5)
    monkeypatch.setattr("plugins.monitoring.views.PAGE", 5)
    seen, address = [], kalsel.url("/list?metric=participants&row=63.08&by=regency")

    while address:
        page = admin.get(address).text
        seen += names(page)
        more = re.search(r'rel="next" href="([^"]+)"', page)
        address = html.unescape(more[1]) if more else None
        assert not address or "peserta" not in address.casefold()

    assert seen == [f"Peserta 63.08 {n:02}" for n in range(13)]


def test_a_list_goes_on_after_somebody_who_was_taken_out_meanwhile(kalsel, admin, make):
    last = kalsel.enrolments["63.08"][9]
    make.withdrawn(last)

    page = admin.get(kalsel.url(f"/list?metric=participants&row=63.08&by=regency&after={last.id}"))

    assert names(page.text) == [f"Peserta 63.08 {n}" for n in (10, 11, 12)]


def test_the_name_of_a_stranger_is_no_place_in_a_list(kalsel, admin, make):
    stranger = make.enrolment(make.cohort(kalsel.course), make.user("Zzz"))

    page = admin.get(kalsel.url(f"/list?metric=participants&after={stranger.id}"))

    assert len(names(page.text)) == 43


@pytest.mark.parametrize("key", [2**63 - 1, 2**63, -(2**63) - 1, 10**30, "zzz"])
def test_a_place_that_no_row_has_shows_the_list_from_the_start(kalsel, admin, key):
    query = {"metric": "participants", "after": key}

    assert len(names(admin.get(kalsel.url("/list"), query_string=query).text)) == 43


@pytest.mark.parametrize("path", ["", "/list?metric=participants", "/figures.csv", "/chart.svg"])
def test_pages_take_the_same_number_of_queries_for_any_number_of_people(
    kalsel, admin, make, statements, path
):
    def count():
        db.session.commit()
        statements.clear()
        assert admin.get(kalsel.nation_url(path)).status_code == 200
        return len([s for s in statements if "FROM plugin_" not in s])

    count()
    few = count()
    for place in provinces()[:12]:
        home = make.institution(f"Dinas {place.code}", kalsel.nation, "province")
        set_region(home, place.code, by=None)
        make.enrolment(make.cohort(kalsel.course, home), make.user(institution=home))

    assert count() == few


# Who may see what


def test_menu_opens_the_one_institution_of_the_reader(kalsel, office_admin):
    answer = office_admin.get("/monitoring/")

    assert answer.location == f"/monitoring/institutions/{kalsel.office.id}"
    assert "/monitoring/" in office_admin.get("/more").text


def test_several_institutions_are_offered(kalsel, make, as_user):
    user = make.staff("organiser", kalsel.office)
    other = make.institution("Dispusip Lain", kalsel.nation, "province")
    grant_role(user, "trainer", other, by=None)

    page = as_user(user).get("/monitoring/").text

    found = set(re.findall(r'href="/monitoring/institutions/(\d+)"', page))
    assert found == {str(kalsel.office.id), str(other.id)}


def test_start_says_where_to_go_when_only_others_below_use_it(kalsel, make, as_user):
    top = make.institution("Pusat")
    below = make.institution("Bawah", top)
    make.enabled("regions", below)
    make.enabled("monitoring", below)

    page = as_user(make.staff("organiser", top)).get("/monitoring/").text

    assert 'href="/institutions"' in page
    assert "/monitoring/institutions/" not in page


def test_a_province_sees_its_own_classes_and_never_another_s(kalsel, office_admin, make):
    other = make.institution("Dispusip Lain", kalsel.nation, "province")
    foreign = make.cohort(kalsel.course, other, code="LAIN-1")
    make.enrolment(foreign, make.user("Orang Kalsel", institution=kalsel.places["63.04"]))
    make.enrolment(foreign, make.user("Orang Lain", institution=other))
    own = f"/monitoring/institutions/{kalsel.office.id}"

    page = office_admin.get(f"{own}/list?metric=participants").text

    assert len(names(page)) == 43
    assert "Orang Kalsel" not in page
    assert "Orang Lain" not in page
    for path in ("", "/list?metric=participants", "/figures.csv", "/figures.xlsx", "/chart.svg"):
        for place in (kalsel.nation_url(), f"/monitoring/institutions/{other.id}",
                      "/monitoring/classes/LAIN-1"):  # fmt: skip
            assert office_admin.get(f"{place}{path}").status_code == 403
    assert "LAIN-1" not in office_admin.get(own).text
    refused = office_admin.get(f"{own}?cohort=LAIN-1").text
    assert "<table" not in refused
    assert office_admin.get(f"{own}/list?metric=participants&cohort=LAIN-1").status_code == 404


def test_names_are_only_for_readers_who_may_view_the_class(kalsel, admin, monkeypatch):
    nobody = Permission("cohorts.view", "See a cohort", ())
    monkeypatch.setitem(engine().permissions, "cohorts.view", nobody)

    figures = admin.get(kalsel.nation_url())
    listed = admin.get(kalsel.nation_url("/list?metric=participants"))
    of_class = admin.get(kalsel.url("/list?metric=participants"))

    assert lines(figures.text)[-1][1] == "43"
    assert (listed.status_code, names(listed.text)) == (200, [])
    assert of_class.status_code == 403


def test_staff_of_a_class_see_this_class_only(kalsel, make, as_user):
    trainer = as_user(make.cohort_staff(kalsel.cohort, "trainer"))

    assert trainer.get(kalsel.url()).status_code == 200
    assert len(names(trainer.get(kalsel.url("/list?metric=participants")).text)) == 43
    assert trainer.get(f"/monitoring/institutions/{kalsel.office.id}").status_code == 403


def test_participants_see_nothing_of_it(kalsel, as_user):
    participant = as_user(kalsel.everybody()[0].user)

    for path in ("/monitoring/", kalsel.url(), kalsel.url("/list?metric=participants")):
        assert participant.get(path).status_code == 403


def test_where_the_plugin_is_disabled_its_pages_are_gone(kalsel, admin, make):
    make.disabled("monitoring", kalsel.office)

    assert admin.get(kalsel.url()).status_code == 404
    assert admin.get(kalsel.nation_url()).status_code == 200
    assert "monitoring-figures" not in admin.get(f"/classes/{kalsel.cohort.code}/manage").text


def test_what_does_not_exist_is_not_found(kalsel, admin):
    assert admin.get("/monitoring/classes/NONE-1").status_code == 404
    assert admin.get("/monitoring/institutions/99999").status_code == 404


# Panels


def test_staff_find_the_spread_on_the_page_of_the_class(kalsel, admin, make):
    make.enrolment(kalsel.cohort)

    page = admin.get(f"/classes/{kalsel.cohort.code}/manage").text

    panel = re.search(r'id="monitoring-figures".*?</section>', page, re.S)[0]
    assert re.findall(r"<dd>(.*?)</dd>", panel) == ["44", "1", "4", "1"]
    assert f'href="{kalsel.url()}"' in panel


def test_the_page_of_an_institution_tells_this_year_s_participants(kalsel, admin, clock):
    clock.set(db.session.scalar(sa.text("SELECT timestamptz '2026-12-31 23:30+00'")))
    kalsel.office.timezone = "America/Anchorage"

    here = admin.get(f"/institutions/{kalsel.office.id}").text
    above = admin.get(f"/institutions/{kalsel.nation.id}").text

    def facts(page):
        panel = re.search(r'id="monitoring-figures".*?</section>', page, re.S)[0]
        return plain(panel)

    assert "2026" in facts(here)
    assert "43" in facts(here)
    assert "2027" in facts(above)
    assert f'href="/monitoring/institutions/{kalsel.office.id}?year=2026"' in here


def test_observer_finds_figures_and_no_name_nor_any_other_page(kalsel, make, as_user):
    observer = as_user(make.staff("monitoring.observer", kalsel.office))
    own = f"/monitoring/institutions/{kalsel.office.id}"

    figures = observer.get("/monitoring/", follow_redirects=True)
    listed = observer.get(f"{own}/list?metric=participants").text
    refused = [
        observer.get(path).status_code
        for path in (
            kalsel.nation_url(),
            f"/institutions/{kalsel.office.id}",
            "/institutions",
            "/courses",
            f"/classes/{kalsel.cohort.code}/manage",
            f"/classes/{kalsel.cohort.code}/participants",
            kalsel.url("/list?metric=participants"),
        )
    ]

    assert lines(figures.text)[-1][1] == "43"
    assert names(listed) == []
    assert "Peserta 63" not in listed
    assert refused == [403] * 7
    assert re.findall(r'<a href="([^"]+)"', re.search(r"<nav.*?</nav>", figures.text, re.S)[0]) == [
        "/home",
        "/monitoring/",
    ]


def test_home_shows_the_participants_of_the_year_to_who_sees_figures(kalsel, make, as_user, clock):
    clock.set(datetime(2026, 12, 1, tzinfo=UTC))
    observer = make.staff("monitoring.observer", kalsel.office)
    other = make.staff("monitoring.observer", make.institution("Lain", kalsel.nation, "province"))

    own, foreign = (plain(as_user(user).get("/home").text) for user in (observer, other))

    assert re.search(r"2026 43 \S+ Kalsel", own)
    assert re.search(r"2026 0 Lain", foreign)
