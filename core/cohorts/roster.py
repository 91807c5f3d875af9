"""Brings a list of participants into a cohort: who is new, who is known, what is wrong.

Each row stands alone: the first bad one stops nothing. A dry run does the same work and
takes it back, so that its outcome is the real one. Existing contacts are never overwritten.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from flask_babel import gettext as _
from rich.progress import track
from sqlalchemy.exc import IntegrityError

from core.cohorts.invitations import may_change_person
from core.cohorts.models import Cohort, Enrolment
from core.cohorts.services import enrol, enrolment_of, hold
from core.db import db
from core.errors import DomainError
from core.institutions.finder import InstitutionFinder, InstitutionUnknown
from core.institutions.models import Institution
from core.people.audit import audit
from core.people.models import User
from core.people.names import name_key
from core.people.roster_file import RosterFileError, RosterRow, csv_safe, read_roster
from core.people.services import change_person, register_person

Outcome = Literal["created", "updated", "skipped", "error"]
FILLED = ("email", "phone", "nip", "position", "title_before", "title_after")
KEPT = ("email", "phone", "nip")


class RowRefused(DomainError):
    pass


@dataclass(frozen=True)
class RowOutcome:
    line: int
    outcome: Outcome
    shown_name: str
    institution: str
    message: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RosterOutcome:
    rows: tuple[RowOutcome, ...]
    columns: dict[str, str]
    unknown_columns: tuple[str, ...]

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "RosterOutcome":
        """From the form in which `dataclasses.asdict` kept it."""
        rows = (RowOutcome(**{**row, "notes": tuple(row["notes"])}) for row in kept["rows"])
        return cls(tuple(rows), kept["columns"], tuple(kept["unknown_columns"]))

    def count(self, outcome: Outcome) -> int:
        return sum(row.outcome == outcome for row in self.rows)

    @property
    def errors(self) -> list[RowOutcome]:
        return [row for row in self.rows if row.outcome == "error"]

    def summary(self) -> dict[str, Any]:
        """The counts and the errors, as `--json` prints them."""
        return {
            "rows": len(self.rows),
            "created": self.count("created"),
            "updated": self.count("updated"),
            "skipped": self.count("skipped"),
            "errors": [{"line": row.line, "message": row.message} for row in self.errors],
        }

    def as_csv(self) -> str:
        """The result as a file that Excel opens: line, name, institution, outcome, message."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
        writer.writerow([_("Line"), _("Name"), _("Institution"), _("Outcome"), _("Message")])
        words = outcome_words()
        for row in self.rows:
            message = " ".join([row.message, *row.notes]).strip()
            cells = (str(row.line), row.shown_name, row.institution, words[row.outcome], message)
            writer.writerow([csv_safe(cell) for cell in cells])
        return "\ufeff" + out.getvalue()


def outcome_words() -> dict[Outcome, str]:
    return {
        "created": _("New"),
        "updated": _("Known, enrolled or completed"),
        "skipped": _("Nothing to change"),
        "error": _("Not taken"),
    }


def field_words() -> dict[str, str]:
    """What is read from a column, as people call it."""
    return {
        "full_name": _("Name"),
        "title_before": _("Titles before the name"),
        "title_after": _("Titles after the name"),
        "email": _("E-mail"),
        "phone": _("Phone"),
        "nip": "NIP",
        "institution": _("Institution"),
        "regency": _("Regency or city"),
        "province": _("Province"),
        "position": _("Position"),
        "number": _("Participant number"),
    }


TEMPLATES = {
    "id": (
        "Nama lengkap", "Gelar depan", "Gelar belakang", "Nomor HP", "Surel", "NIP", "Instansi",
        "Kabupaten/Kota", "Provinsi", "Jabatan", "Nomor peserta",
    ),
    "en": (
        "Full name", "Title before", "Title after", "Mobile number", "E-mail", "NIP",
        "Institution", "Regency/City", "Province", "Position", "Participant number",
    ),
}  # fmt: skip


def template_of(language: str) -> str:
    """An empty list with the headers that reading recognises, as Excel opens it."""
    headers = TEMPLATES.get(language, TEMPLATES["en"])
    return "\ufeff" + ";".join(headers) + "\r\n"


def import_roster(
    data: bytes,
    filename: str,
    cohort: Cohort,
    *,
    by: User | None,
    create_institutions: bool = False,
    dry_run: bool = False,
    progress: bool = False,
    most: int | None = None,
) -> RosterOutcome:
    """Registers and enrols the people of a list. Raises RosterFileError for the whole file.

    With `dry_run` everything is taken back before it returns; otherwise the caller commits.
    `most`: how many rows the caller has time for.
    """
    file = read_roster(data, filename)
    if most is not None and len(file.rows) > most:
        raise RosterFileError(
            _("The list has %(count)s rows; at most %(most)s fit here. Split it into several.",
              count=len(file.rows), most=most)
        )  # fmt: skip
    around = db.session.begin_nested() if dry_run else None
    hold(cohort)
    importer = _Importer(cohort, by, create_institutions)
    rows: Iterable[RosterRow] = file.rows
    if progress:
        rows = track(file.rows, description=_("Reading the list"), transient=True)
    outcomes = tuple(importer.take(row) for row in rows)
    if around is not None:
        around.rollback()
        db.session.expire_all()
    else:
        audit("roster.import", cohort, actor=by, institution=cohort.host, rows=len(outcomes))
    return RosterOutcome(outcomes, dict(file.columns), file.unknown_columns)


class _Importer:
    def __init__(self, cohort: Cohort, by: User | None, create_institutions: bool) -> None:
        self.cohort = cohort
        self.by = by
        self.create_institutions = create_institutions
        self.finder = InstitutionFinder(cohort.host, cohort.organiser)
        self.seen: dict[int, int] = {}

    def take(self, row: RosterRow) -> RowOutcome:
        """One row, in its own savepoint."""
        shown = f"{row.title_before} {row.full_name}".strip()
        shown = f"{shown}, {row.title_after}" if row.title_after else shown
        place = row.institution or row.regency
        notes = tuple(note.message for note in row.notes)
        if row.problems:
            text = " ".join(problem.message for problem in row.problems)
            return RowOutcome(row.line, "error", shown, place, text, notes)
        try:
            with db.session.begin_nested():
                outcome, more = self._write(row)
        except DomainError as refused:
            self.finder.forget()
            return RowOutcome(row.line, "error", shown, place, refused.message, notes)
        except IntegrityError:
            self.finder.forget()
            message = _("Somebody else is registering this person at this moment. Try again.")
            return RowOutcome(row.line, "error", shown, place, message, notes)
        return RowOutcome(row.line, outcome, shown, place, "", notes + more)

    def _write(self, row: RosterRow) -> tuple[Outcome, tuple[str, ...]]:
        before = len(self.finder.created)
        institution, person = self._place_and_person(row)
        new = tuple(
            _("New institution: %(name)s, in %(place)s.", name=made.name, place=made.parent.name)
            for made in self.finder.created[before:]
            if made.parent is not None
        )
        if person is None:
            person = register_person(
                row.full_name,
                institution=institution,
                by=self.by,
                **{name: getattr(row, name) for name in FILLED},
            )
            outcome: Outcome = "created"
            notes: tuple[str, ...] = self._shared_phone(person)
        else:
            outcome, notes = self._complete(person, row, institution)
        self._refuse_twice(person, row.line)
        enrol(person, self.cohort, via="roster", by=self.by)
        return outcome, new + notes

    def _place_and_person(self, row: RosterRow) -> tuple[Institution | None, User | None]:
        """Where the row belongs and whom it means; somebody known needs no clear institution."""
        try:
            institution = self.finder.find(
                row.institution, row.regency, row.province,
                create=self.create_institutions, by=self.by,
            )  # fmt: skip
        except InstitutionUnknown:
            person = _match(row, None, self.cohort)
            if person is None:
                raise
            return None, person
        return institution, _match(row, institution, self.cohort)

    def _refuse_twice(self, person: User, line: int) -> None:
        if first := self.seen.get(person.id):
            raise RowRefused(
                _("This is the same person as in line %(line)s. If they are two, add a phone, "
                  "e-mail or NIP that tells them apart.", line=first)
            )  # fmt: skip
        self.seen[person.id] = line

    def _complete(
        self, person: User, row: RosterRow, institution: Institution | None
    ) -> tuple[Outcome, tuple[str, ...]]:
        """Fills what is empty; says what differs and leaves it as it is."""
        given = {name: getattr(row, name) for name in FILLED if getattr(row, name)}
        missing = {name: value for name, value in given.items() if not getattr(person, name)}
        homeless = person.institution_id is None and institution is not None
        notes = [
            _("%(field)s differs from what is kept; the kept one stays.", field=_label(name))
            for name in KEPT
            if name in given and name not in missing and getattr(person, name) != given[name]
        ]
        changed = False
        if (missing or homeless) and not self._may_complete(person):
            notes.append(_("Nothing was added: the person belongs to another institution."))
        elif missing or homeless:
            changed = bool(change_person(person, by=self.by, **missing)) or homeless
            person.institution = person.institution or institution
        found = enrolment_of(person, self.cohort)
        if found is not None and found.status == "withdrawn":
            notes.append(_("Was taken out of the class before and comes back."))
        enrolled = found is not None and found.status == "confirmed"
        return ("skipped" if enrolled and not changed else "updated"), tuple(notes)

    def _may_complete(self, person: User) -> bool:
        return self.by is None or may_change_person(self.by, person, self.cohort)

    def _shared_phone(self, person: User) -> tuple[str, ...]:
        if not person.phone:
            return ()
        query = sa.select(sa.func.count()).select_from(User).where(User.phone == person.phone)
        others = (db.session.scalar(query) or 1) - 1
        if not others:
            return ()
        return (
            _("This phone is also used by %(count)s other people; each signs in with the own "
              "participant number.", count=others),
        )  # fmt: skip


def _label(name: str) -> str:
    return {"email": _("E-mail"), "phone": _("Phone"), "nip": "NIP"}[name]


def _match(row: RosterRow, institution: Institution | None, cohort: Cohort) -> User | None:
    """The person that a row means. Raises RowRefused when two answers contradict each other."""
    if row.number:
        found = db.session.scalar(sa.select(User).filter_by(number=row.number.upper()))
        if found is None:
            raise RowRefused(_("There is no participant number %(number)s.", number=row.number))
        return _same_name(found, row, _("participant number"))
    for name, label in (("nip", "NIP"), ("email", _("e-mail"))):
        value = getattr(row, name)
        owner = db.session.scalar(sa.select(User).filter_by(**{name: value})) if value else None
        if owner is not None:
            return _same_name(owner, row, label)
    return _by_name(row, institution, cohort)


def _same_name(found: User, row: RosterRow, label: str) -> User:
    if found.name_key != name_key(row.full_name):
        raise RowRefused(
            _("The %(label)s belongs to a person of another name. Check both.", label=label)
        )
    return found


def _by_name(row: RosterRow, institution: Institution | None, cohort: Cohort) -> User | None:
    """By name and phone; by name in the same institution or class when nothing contradicts."""
    query = sa.select(User).where(User.name_key == name_key(row.full_name), User.active)
    namesakes: Sequence[User] = db.session.scalars(query.limit(500)).all()
    fitting = [user for user in namesakes if not _contradicts(user, row)]
    by_phone = [user for user in fitting if row.phone and user.phone == row.phone]
    in_class = _homes_in(cohort, fitting)
    nearby = [user for user in fitting if _may_be(user, institution, in_class)]
    found = by_phone or nearby
    if len(found) > 1:
        raise RowRefused(
            _("%(count)s people have this name here. Add the participant number of the right one.",
              count=len(found))
        )  # fmt: skip
    return found[0] if found else None


def _homes_in(cohort: Cohort, users: Sequence[User]) -> dict[int, int | None]:
    """User id → home at enrolment, of those who are or were in the class."""
    query = sa.select(Enrolment.user_id, Enrolment.institution_id).where(
        Enrolment.cohort_id == cohort.id, Enrolment.user_id.in_([user.id for user in users])
    )
    rows = db.session.execute(query)
    return {user_id: home for user_id, home in rows}  # noqa: C416 -- rows are no tuples


def _may_be(
    user: User, institution: Institution | None, in_class: Mapping[int, int | None]
) -> bool:
    """Of the same home; where none is stated, of the same class."""
    homes = {user.institution_id, in_class.get(user.id)} - {None}
    if institution is not None and homes:
        return institution.id in homes
    return user.id in in_class


def _contradicts(user: User, row: RosterRow) -> bool:
    return any(
        getattr(user, name) and getattr(row, name) and getattr(user, name) != getattr(row, name)
        for name in KEPT
    )
