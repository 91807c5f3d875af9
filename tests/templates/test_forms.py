"""Fields as a person and a screen reader meet them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    DateField,
    FileField,
    Form,
    FormField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Optional

Render = Callable[..., str]


def choices(*values: str) -> list[SelectChoice]:
    return [SelectChoice(value, f"Choice {value}") for value in values]


class Venue(Form):
    room = StringField("Room", [InputRequired("Name the room.")])


class Enrolment(FlaskForm):
    name = StringField("Name", [InputRequired("Write a name.")], description="One word is enough.")
    email = StringField("E-mail", [Optional()])
    password = PasswordField("Password")
    begins = DateField("Begins", [Optional()])
    note = TextAreaField("Note")
    proof = FileField("Proof")
    province = SelectField("Province", choices=choices("63", "64"))
    agree = BooleanField("I agree", [InputRequired("Tick this to go on.")])
    mode = RadioField("Mode", choices=choices("online", "room"), default="room")
    days = SelectMultipleField("Days", choices=choices("1", "2"), default=["2"])
    venue = FormField(Venue)


def sent(**values: str) -> Enrolment:
    """The form as it comes back after sending `values`."""
    complete = {"name": "Sukarno", "province": "63", "agree": "y", "mode": "room", "days": "1"}
    data: Any = MultiDict({**complete, "venue-room": "A", **values})
    form = Enrolment(data, meta={"csrf": False})
    form.validate()
    return form


def test_field_in_error_is_described_by_hint_and_error(render: Render) -> None:
    html = render("{{ forms.field(form.name) }}", form=sent(name=""))

    assert '<label class="form-label" for="name">Name</label>' in html
    assert 'aria-describedby="name-hint name-error"' in html
    assert 'aria-invalid="true"' in html
    assert '<div id="name-hint" class="form-text">One word is enough.</div>' in html
    assert "<span>Write a name.</span>" in html


def test_field_without_hint_or_error_describes_nothing(render: Render) -> None:
    html = render("{{ forms.field(form.password) }}", form=sent())

    assert "aria-" not in html


@pytest.mark.parametrize(("name", "marked"), [("email", True), ("begins", True), ("name", False)])
def test_only_fields_that_may_stay_empty_say_so(render: Render, name: str, marked: bool) -> None:
    html = render("{{ forms.field(form[name]) }}", form=sent(), name=name)

    assert ("(optional)" in html) is marked


@pytest.mark.parametrize(
    ("name", "control"),
    [
        ("name", '<input .*class="form-control".* type="text"'),
        ("password", '<input .*class="form-control".* type="password"'),
        ("begins", '<input .*class="form-control".* type="date"'),
        ("proof", '<input .*class="form-control".* type="file"'),
        ("note", '<textarea .*class="form-control"'),
        ("province", '<select .*class="form-select"'),
    ],
)
def test_every_kind_of_control_has_its_look(render: Render, name: str, control: str) -> None:
    html = render("{{ forms.field(form[name]) }}", form=sent(), name=name)

    assert re.search(control, html)


def test_more_attributes_reach_the_control(render: Render) -> None:
    html = render(
        '{{ forms.field(form.name, class="form-control-lg", autocomplete="name") }}', form=sent()
    )

    assert 'autocomplete="name"' in html
    assert 'class="form-control form-control-lg"' in html


def test_tick_box_in_error_says_why(render: Render) -> None:
    html = render("{{ forms.check(form.agree) }}", form=sent(agree=""))

    assert 'type="checkbox"' in html
    assert 'aria-describedby="agree-error"' in html
    assert "Tick this to go on." in html


@pytest.mark.parametrize("macro", ["picks", "seg"])
def test_one_of_a_few_keeps_what_was_chosen(render: Render, macro: str) -> None:
    html = render("{{ forms[macro](form.mode) }}", form=sent(mode="online"), macro=macro)

    assert re.findall(r'value="(\w+)"( checked)?', html) == [("online", " checked"), ("room", "")]
    assert 'role="radiogroup"' in html


def test_some_of_a_few_keeps_what_was_chosen(render: Render) -> None:
    html = render("{{ forms.checks(form.days) }}", form=sent(days="2"))

    assert re.findall(r'value="(\w+)"( checked)?', html) == [("1", ""), ("2", " checked")]
    assert html.count('type="checkbox"') == 2


def test_labels_of_choices_are_escaped(render: Render) -> None:
    form = sent()
    form.mode.choices = [SelectChoice("room", "<b>A</b>")]

    html = render("{{ forms.picks(form.mode) }}", form=form)

    assert "<b>" not in html


def test_summary_leads_to_every_field_in_error(render: Render) -> None:
    html = render("{{ forms.error_summary(form) }}", form=sent(name="", **{"venue-room": ""}))

    assert 'role="alert"' in html
    assert "2 answers need a change." in html
    assert re.findall(r'href="#(.*?)">(.*?)<', html) == [("name", "Name"), ("venue-room", "Room")]


@pytest.mark.parametrize("values", [{}, {"name": ""}])
def test_summary_is_silent_below_two_errors(render: Render, values: dict[str, str]) -> None:
    html = render("{{ forms.error_summary(form) }}", form=sent(**values))

    assert html == ""


def test_summary_shows_an_error_of_the_form_as_a_whole(render: Render) -> None:
    form = sent()
    form.form_errors.append("The class is full.")

    html = render("{{ forms.error_summary(form) }}", form=form)

    assert "<div>The class is full.</div>" in html
    assert "need" not in html


def test_actions_offer_one_filled_button_and_a_way_out(render: Render) -> None:
    html = render('{{ forms.actions("Save", "/back") }}')

    assert html.count("btn-primary") == 1
    assert 'href="/back">Cancel</a>' in html


def test_search_keeps_the_words_and_other_filters(render: Render) -> None:
    html = render(
        '{% call forms.search("q", "siti", "Find a name") %}'
        '<input type="hidden" name="day" value="1">{% endcall %}'
    )

    assert 'method="get" role="search"' in html
    assert 'name="q" value="siti"' in html
    assert 'aria-label="Find a name"' in html
    assert 'name="day" value="1"' in html
