"""Forms of authors. Answers of participants need no form class: see `views.save`."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    FieldList,
    Form,
    FormField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from core.api import NEEDED, OUT_OF_RANGE, TOO_LONG, choices, number
from plugins.quizzes.authoring import LONGEST_TEXT, MOST_CHOICES, Draft, DraftChoice
from plugins.quizzes.models import Question

KIND_NAMES = {
    "single": _l("Single choice"),
    "multiple": _l("Multiple choice"),
    "true_false": _l("True or false"),
}
ROLE_NAMES = {
    "pre": _l("Pre-test"),
    "post": _l("Post-test"),
    "exercise": _l("Exercise"),
}
SHOW_NAMES = {
    "at_once": _l("As soon as the participant has handed in"),
    "after_closing": _l("When the test has closed for the whole class"),
    "never": _l("Never"),
}
SPARE_ROWS = 2
FIRST_ROWS = 5


def storable(text: str | None) -> str:
    """Line ends as one character, and nothing that the database refuses."""
    return (text or "").replace("\r\n", "\n").replace("\x00", "")


def long_text(label: Any, *validators: Any, description: Any = "") -> TextAreaField:
    limits = [*validators, Length(max=LONGEST_TEXT, message=TOO_LONG)]
    return TextAreaField(label, limits, filters=[storable], description=description)


class SettingsForm(FlaskForm):
    role = SelectField(
        _l("Role"),
        choices=choices(ROLE_NAMES.items()),
        description=_l("The gain is the post-test minus the pre-test."),
    )
    time_limit_minutes = IntegerField(
        _l("Time limit in minutes"),
        [Optional(), NumberRange(1, 1440, OUT_OF_RANGE)],
        description=_l("The test also ends when its window in the class closes."),
    )
    pass_mark = IntegerField(
        _l("Pass mark"),
        [Optional(), NumberRange(0, 100, OUT_OF_RANGE)],
        description=_l("Without one, handing in is enough."),
    )
    attempts_allowed = IntegerField(
        _l("Attempts"),
        [InputRequired(NEEDED), NumberRange(1, 100, OUT_OF_RANGE)],
        description=_l("The best one counts."),
    )
    shuffle = BooleanField(_l("Another order of questions and answers for each participant"))
    show = SelectField(
        _l("Right answers and explanations are shown"), choices=choices(SHOW_NAMES.items())
    )

    SETTINGS = (
        "role", "time_limit_minutes", "pass_mark", "attempts_allowed", "shuffle", "show",
    )  # fmt: skip

    def settings(self) -> dict[str, Any]:
        return {name: self.data[name] for name in self.SETTINGS}


class ChoiceForm(Form):
    """One row: its text, how much it counts in multiple choice, and what is said about it."""

    text = long_text(_l("Answer"))
    share = StringField(_l("Share of the points, in percent"), [Length(max=20)])
    feedback = long_text(_l("Comment"))


class QuestionForm(FlaskForm):
    text = long_text(_l("Question"), InputRequired(NEEDED))
    points = IntegerField(_l("Points"), [InputRequired(NEEDED), NumberRange(1, 100, OUT_OF_RANGE)])
    right = RadioField(_l("Right answer"), [Optional()], validate_choice=False)
    choices = FieldList(FormField(ChoiceForm), max_entries=MOST_CHOICES)
    general_feedback = long_text(
        _l("Explanation"),
        Optional(),
        description=_l("Shown with the right answer after the test, by the rule of the test."),
    )

    @classmethod
    def of(cls, question: Question) -> "QuestionForm":
        """The form for a question that was read with its keys."""
        fractions = [choice.key.fraction for choice in question.choices]
        rows = [
            {"text": choice.text, "feedback": choice.feedback, "share": number(fraction * 100, 3)}
            for choice, fraction in zip(question.choices, fractions, strict=True)
        ]
        right = str(fractions.index(Decimal(1))) if Decimal(1) in fractions else ""
        shown = {name: getattr(question, name) for name in ("text", "points", "general_feedback")}
        return cls(data={**shown, "choices": rows, "right": right})

    def fill_up(self, kind: str, *, spare: bool) -> None:
        """Empty rows to write into; those that stay empty are left out."""
        wanted = max(FIRST_ROWS, len(self.choices) + SPARE_ROWS) if spare else len(self.choices)
        wanted = 2 if kind == "true_false" else min(wanted, MOST_CHOICES)
        while len(self.choices) < wanted:
            self.choices.append_entry()

    def draft(self, kind: str, question: Question | None = None) -> Draft:
        """What was written. Raises ValueError with a sentence for a share that is no number."""
        return Draft(
            kind=kind,
            text=self.text.data,
            choices=tuple(self._choices(kind, question)),
            text_format=question.text_format if question else "markdown",
            general_feedback=self.general_feedback.data or "",
            points=self.points.data,
            external_id=question.external_id if question else "",
        )

    def _choices(self, kind: str, question: Question | None) -> Iterator[DraftChoice]:
        kept = self._kept(question)
        for place, row in enumerate(self.choices):
            text = ("true", "false")[place] if kind == "true_false" else row.form.text.data
            if not (text or "").strip():
                continue
            share = Decimal(self.right.data == str(place))
            if kind == "multiple":
                share = _fraction(row.form.share.data)
            elif place < len(kept):
                share = kept[place]
            yield DraftChoice(text, share, row.form.feedback.data or "")

    def _kept(self, question: Question | None) -> list[Decimal]:
        """Shares as they are while the right answer stays: a file may give part of the points."""
        shares = [choice.key.fraction for choice in question.choices] if question else []
        right = str(shares.index(Decimal(1))) if Decimal(1) in shares else None
        return shares if right == self.right.data else []


def _fraction(text: str | None) -> Decimal:
    """A share of one from "50", "33,333" or "−50"; 0 from nothing."""
    plain = (text or "0").strip().replace(",", ".").replace("−", "-").removesuffix("%")
    try:
        share = Decimal(plain or "0") / 100
    except ArithmeticError:
        raise ValueError(_("“%(text)s” is not a number.", text=text)) from None
    if not share.is_finite():
        raise ValueError(_("“%(text)s” is not a number.", text=text))
    return share


class ImportForm(FlaskForm):
    file = FileField(_l("GIFT file"), description=_l("Plain text in UTF-8, at most 1 MB."))
    text = TextAreaField(_l("Or paste the questions here"), [Optional()], filters=[storable])
