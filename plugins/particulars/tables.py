"""The particulars of a class as a table, for the office and for other programs."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from core.api import Cohort, participants
from plugins.particulars.queries import Row, rows


def of_class(cohort: Cohort) -> list[Row]:
    """Everybody who takes part, by name."""
    return rows(participants(cohort, limit=None))


def head() -> tuple[str, ...]:
    return (
        _("Participant number"),
        _("Name"),
        _("Institution"),
        _("Rank"),
        _("Highest education"),
        _("Work unit"),
        _("Number of the letter"),
        _("Date of the letter"),
    )


def table(found: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Head and lines; what is not known is empty."""
    return [head(), *(tuple(facts(row).values()) for row in found)]


def facts(row: Row) -> dict[str, str]:
    """One participant by fixed names, as programs read it."""
    person, letter, enrolment = row.person, row.letter, row.enrolment
    return {
        "participant": enrolment.user.number,
        "name": enrolment.user.display_name,
        "institution": enrolment.institution.name if enrolment.institution else "",
        "rank": person.rank.label if person and person.rank else "",
        "education": person.education.label if person and person.education else "",
        "work_unit": person.work_unit if person else "",
        "letter_number": letter.number if letter else "",
        "letter_date": letter.dated_on.isoformat() if letter and letter.dated_on else "",
    }
