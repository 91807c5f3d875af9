"""Writes the audit log. Values of personal fields never enter it; only that they changed."""

from typing import Any

from core.db import db
from core.institutions.models import Institution
from core.people.models import AuditEntry, User


def audit(
    action: str,
    thing: Any,
    *,
    actor: User | None,
    institution: Institution | None = None,
    **change: Any,
) -> None:
    """Adds an entry in the current transaction. `change` must be free of personal data."""
    key = getattr(thing, "id", None)
    db.session.add(
        AuditEntry(
            actor_id=actor.id if actor else None,
            institution_id=institution.id if institution else None,
            action=action,
            object_type=type(thing).__name__,
            object_id="" if key is None else str(key),
            change=change,
        )
    )
