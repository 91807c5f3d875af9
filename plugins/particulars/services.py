"""Writes particulars. Of personal data the log tells that they changed, not what they were."""

from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import insert

from core.api import Cohort, Course, DomainError, Enrolment, Extension, User, audit, db
from plugins.particulars.models import Audience, Basis, Entry, Letter, Person


class EntryKnown(DomainError):
    def __init__(self, code: str) -> None:
        super().__init__(_("%(code)s is there already. Change that one.", code=code))


def set_person(user: User, *, by: User | None, cohort: Cohort | None = None, **fields: Any) -> None:
    """`fields`: rank_id, education_id, work_unit. `cohort`: the class whose staff changed them."""
    if changed := _set(Person, "user_id", user.id, fields):
        place = cohort.host if cohort else None
        audit("particulars.person", user, actor=by, institution=place, fields=changed)


def set_letter(enrolment: Enrolment, *, by: User | None, **fields: Any) -> None:
    """`fields`: number, dated_on."""
    if changed := _set(Letter, "enrolment_id", enrolment.id, fields):
        host = enrolment.cohort.host
        audit("particulars.letter", enrolment, actor=by, institution=host, fields=changed)


def set_basis(cohort: Cohort, *, by: User | None, **fields: Any) -> None:
    """`fields`: number, dated_on."""
    if changed := _set(Basis, "cohort_id", cohort.id, fields):
        audit("particulars.basis", cohort, actor=by, institution=cohort.host, fields=changed)


def set_audience(course: Course, *, by: User | None, **fields: Any) -> None:
    """`fields`: target, needs."""
    if changed := _set(Audience, "course_id", course.id, fields):
        owner = course.institution
        audit("particulars.audience", course, actor=by, institution=owner, fields=changed)


def _set(model: type[Extension], key: str, value: int, fields: dict[str, Any]) -> list[str]:
    """Names of the fields that changed. A row is made when there is something to keep."""
    if any(fields.values()):
        # Two who fill it in for the first time come one after the other.
        db.session.execute(insert(model).values({key: value}).on_conflict_do_nothing())
    row = db.session.get(model, value, with_for_update=True, populate_existing=True)
    if row is None:
        return []
    changed = sorted(
        name for name in fields if (getattr(row, name) or None) != (fields[name] or None)
    )
    for name in changed:
        setattr(row, name, fields[name])
    db.session.flush()
    return changed


# What can be chosen


def add_entry(kind: str, code: str, title: str, *, by: User | None) -> Entry:
    """A new entry at the end of its kind. Raises EntryKnown."""
    # Two who add at the same time come one after the other.
    db.session.execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(Entry.__tablename__)))
    )
    same = sa.select(Entry.id).where(Entry.kind == kind, sa.func.lower(Entry.code) == code.lower())
    if db.session.scalar(same) is not None:
        raise EntryKnown(code)
    last = db.session.scalar(sa.select(sa.func.max(Entry.position)).filter_by(kind=kind)) or 0
    found = Entry(kind=kind, code=code, title=title, position=last + 1)
    db.session.add(found)
    db.session.flush()
    audit("particulars.entry_add", found, actor=by, kind=kind, code=code)
    return found


def change_entry(found: Entry, *, title: str, offered: bool, by: User | None) -> None:
    """Renames an entry, hides it or offers it again; whoever has chosen it keeps it."""
    before = (found.title, found.offered)
    found.title, found.offered = title, offered
    if before != (title, offered):
        audit("particulars.entry", found, actor=by, code=found.code, before=before,
              after=(title, offered))  # fmt: skip
