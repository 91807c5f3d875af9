"""Courses as a whole: the list, a new one, its settings, publishing."""

import sqlalchemy as sa

from core.courses.models import Course
from core.courses.services import add_activity
from core.db import db
from core.testing.counting import count_queries

NEW = {"title": "Literacy", "code": "lit-01", "lesson_hours": "8", "language": "id"}


def all_courses():
    return db.session.scalars(sa.select(Course).order_by(Course.code)).all()


def test_list_shows_the_courses_of_own_institutions_only(make, as_user, office, author):
    library = make.institution("Library", office)
    make.course(office, title="Mine")
    make.course(library, title="Below me")
    make.course(office.parent, title="Above me")

    page = as_user(author).get("/courses").text

    assert "Mine" in page
    assert "Below me" in page
    assert "Above me" not in page


def test_list_asks_as_many_queries_however_long_it_is(app, make, as_user, office, author):
    client = as_user(author)
    make.course(office)
    client.get("/courses")
    with count_queries(app) as few:
        client.get("/courses")

    for _n in range(8):
        make.cohort(make.course(office, pages=3))
    db.session.commit()
    with count_queries(app) as many:
        client.get("/courses")

    assert len(many) == len(few) <= 10


def test_long_list_is_paged_and_searched(make, as_user, office, author):
    for n in range(101):
        make.course(office, pages=0, code=f"C-{n:03}", title=f"Course {n:03}")
    client = as_user(author)

    first = client.get("/courses").text
    second = client.get("/courses?after=C-099").text
    found = client.get("/courses?q=course+042").text

    assert "C-099" in first
    assert "C-100" not in first
    assert "after=C-099" in first
    assert "C-100" in second
    assert "C-042" in found
    assert "C-041" not in found


def test_search_takes_hostile_text(as_user, author):
    client = as_user(author)

    for text in ("%25_%25", "%3Cscript%3E", "x" * 5000):
        response = client.get(f"/courses?q={text}&after={text}")
        assert response.status_code == 200
        assert "<script>" not in response.text


def test_new_course_belongs_to_the_chosen_owner(as_user, office, author):
    response = as_user(author).post("/courses/new", data={**NEW, "institution_id": office.id})

    [course] = all_courses()
    assert response.location.endswith(f"/courses/{course.id}")
    assert (course.code, course.institution_id, course.status) == ("LIT-01", office.id, "draft")
    assert course.lesson_hours == 8


def test_author_cannot_put_a_course_into_a_foreign_institution(as_user, office, author):
    response = as_user(author).post(
        "/courses/new", data={**NEW, "institution_id": office.parent_id}
    )

    assert response.status_code == 200
    assert all_courses() == []


def test_new_course_refuses_bad_values_and_keeps_what_was_typed(as_user, office, author):
    bad = {"title": " \t ", "code": "no spaces", "lesson_hours": "many", "language": "xx"}

    page = as_user(author).post("/courses/new", data={**bad, "institution_id": office.id}).text

    assert all_courses() == []
    assert page.count('class="err"') == 4
    assert 'value="no spaces"' in page


def test_code_that_is_taken_is_said_at_the_field(make, as_user, office, author):
    make.course(office, pages=0, code="LIT-01", title="Something else")

    page = as_user(author).post("/courses/new", data={**NEW, "institution_id": office.id}).text

    assert 'id="code-error"' in page
    assert len(all_courses()) == 1


def test_form_sent_twice_makes_one_course(as_user, office, author):
    client = as_user(author)

    answers = [
        client.post("/courses/new", data={**NEW, "institution_id": office.id}) for _n in range(2)
    ]

    [course] = all_courses()
    assert {answer.location for answer in answers} == {f"/courses/{course.id}"}


def test_settings_change_the_course(as_user, author, written):
    answer = as_user(author).post(
        f"{written.url}/settings",
        data={
            "title": "New name",
            "summary": "For all",
            "lesson_hours": "16",
            "language": "en",
        },
    )

    assert answer.location.endswith(written.url)
    assert (written.course.title, written.course.lesson_hours) == ("New name", 16)
    assert (written.course.summary, written.course.language) == ("For all", "en")


def test_publishing_names_every_reason_in_a_list(make, as_user, author, written):
    make.page(written.two, "Empty one", body="")
    make.page(written.two, "Empty two", body=" ")
    client = as_user(author)

    answer = client.post(f"{written.url}/publish", follow_redirects=True)

    assert written.course.status == "draft"
    alert = answer.text.partition('role="alert"')[2].partition("</ul>")[0]
    assert alert.count("<li>") == 2
    assert "Empty one" in alert
    assert "Empty two" in alert


def test_empty_course_is_not_published(make, as_user, author, office):
    course = make.course(office, pages=0)

    answer = as_user(author).post(f"/courses/{course.id}/publish", follow_redirects=True)

    assert course.status == "draft"
    assert 'role="alert"' in answer.text


def test_course_is_published_and_withdrawn(as_user, author, written):
    client = as_user(author)

    client.post(f"{written.url}/publish")
    published = written.course.status
    client.post(f"{written.url}/withdraw")

    assert (published, written.course.status) == ("published", "draft")


def test_editor_of_a_course_in_use_says_that_changes_show_at_once(make, as_user, office, author):
    course = make.course(office)
    make.cohort(course)

    page = as_user(author).get(f"/courses/{course.id}").text

    assert 'class="notice now"' in page


def test_editor_asks_the_same_number_of_queries_however_long_the_course_is(
    app, make, as_user, author, board, written
):
    client = as_user(author)
    client.get(written.url)
    with count_queries(app) as few:
        client.get(written.url)

    for n in range(6):
        section = make.section(written.course, f"More {n}")
        for m in range(4):
            make.page(section, f"Page {n}{m}", part=f"Part {m // 2}")
        add_activity(section, board.name, "Talk", by=None)
    db.session.commit()
    with count_queries(app) as many:
        page = client.get(written.url).text

    assert "Page 53" in page
    assert len(many) == len(few) <= 14
