"""Rules about people: registering them, letting them in, their roles and their password.

Services own no request and never commit; the view or the job does.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import current_app
from flask_babel import gettext as _
from flask_security import hash_password, verify_password
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import contains_eager

from core.db import db, now
from core.errors import DomainError
from core.formatting import phone
from core.institutions.models import Institution
from core.people.access import (
    ADMIN,
    GRANTABLE,
    forget_grants,
    held_by,
    in_force,
    role_title,
    roles_to_give,
    roles_with,
)
from core.people.audit import audit
from core.people.models import Grant, OneTimeAccess, User
from core.people.names import name_key
from core.plugin_engine.engine import engine, owner_of

ACCESS_DAYS = 14
CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 8
# Numbers of participants are easy to guess, so a few wrong tries of a stranger must not end a
# code; the sign-in limit slows them. This many find one of 31^8 codes once in eight million.
MAX_FAILURES = 100_000
PASSWORD_MINIMUM = 8
PASSWORD_MAXIMUM = 200


# The first that anybody tries, in the form of `name_key`; whole sentences are never in it.
COMMON_PASSWORDS = frozenset(
    "12345678 123456789 1234567890 87654321 password password1 password12 password123 passw0rd "
    "qwertyui qwertyuiop qwerty123 asdfghjkl abcd1234 abc12345 admin123 administrator indonesia "
    "indonesia1 bismillah bismillah1 alhamdulillah perpustakaan perpustakaan1 pustakawan "
    "rahasia123 sayangku sayang123 cintaku1 katasandi katasandi123 bimtek123 bimtek2026".split()
)


class AddressTaken(DomainError):
    """An e-mail or a NIP belongs to somebody else; the sentence does not say to whom."""


class AccessInvalid(DomainError):
    """A one-time link or code that does not let anybody in (any more)."""

    status = 410


class RoleKept(DomainError):
    """A role that cannot be taken away; the sentence says why."""


class PasswordRefused(DomainError):
    status = 400


def register_person(
    full_name: str,
    *,
    title_before: str = "",
    title_after: str = "",
    email: str | None = None,
    phone: str | None = None,
    nip: str | None = None,
    position: str = "",
    institution: Institution | None = None,
    by: User | None = None,
) -> User:
    """A new user without a password. Raises AddressTaken for an e-mail or NIP in use."""
    _refuse_taken(email, nip, None)
    user = User(
        full_name=" ".join(full_name.split()),
        name_key=name_key(full_name),
        title_before=title_before,
        title_after=title_after,
        email=email.lower() if email else None,
        phone=phone or None,
        nip=nip or None,
        position=position,
        institution=institution,
        timezone=institution.timezone if institution else "Asia/Jakarta",
        fs_uniquifier=secrets.token_hex(16),
    )
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError:  # Another request took the address at the same moment.
        _refuse_taken(email, nip, None)
        raise
    audit("person.register", user, actor=by, institution=institution)
    return user


def _refuse_taken(email: str | None, nip: str | None, but: User | None) -> None:
    for column, value, text in (
        (User.email, email.lower() if email else None, _("This e-mail belongs to another person.")),
        (User.nip, nip, _("This NIP belongs to another person.")),
    ):
        query = sa.select(User.id).where(column == value)
        owner = db.session.scalar(query) if value else None
        if owner is not None and owner != (but.id if but else None):
            raise AddressTaken(text)


def change_person(user: User, *, by: User | None, **fields: str | None) -> list[str]:
    """Changes the named fields; gives the names of those that really changed."""
    _refuse_taken(fields.get("email"), fields.get("nip"), user)
    changed = [
        name for name, value in fields.items() if (getattr(user, name) or None) != (value or None)
    ]
    try:
        with db.session.begin_nested():
            _set_fields(user, {name: fields[name] for name in changed})
    except IntegrityError:  # Another request took the address at the same moment.
        _refuse_taken(fields.get("email"), fields.get("nip"), user)
        raise
    if changed:
        audit("person.change", user, actor=by, fields=sorted(changed))
    return changed


def _set_fields(user: User, fields: Mapping[str, str | None]) -> None:
    for name, value in fields.items():
        setattr(user, name, value or (None if name in {"email", "phone", "nip"} else ""))
    if "full_name" in fields:
        user.name_key = name_key(user.full_name)


# Signing in


def sharing_phone(user: User) -> int:
    """How many people use this person's phone, the person included."""
    query = sa.select(sa.func.count()).select_from(User).where(User.phone == user.phone)
    return db.session.scalar(query) or 0


def sign_in_names(users: Sequence[User]) -> dict[int, str]:
    """User id → the one name to sign in with: e-mail, unshared phone (0812-…), or number."""
    phones = {user.phone for user in users if user.phone}
    counted = sa.select(User.phone, sa.func.count()).where(User.phone.in_(phones))
    rows = db.session.execute(counted.group_by(User.phone))
    sharers = {number: count for number, count in rows}  # noqa: C416 -- rows are no pairs to mypy
    return {
        user.id: user.email
        or (phone(user.phone) if user.phone and sharers.get(user.phone) == 1 else None)
        or user.number
        for user in users
    }


@dataclass(frozen=True)
class Proof:
    """Who may be meant by a sign-in name, and for whom the secret was right."""

    candidates: tuple[User, ...]
    proven: tuple[User, ...]
    accesses: Mapping[int, OneTimeAccess] = field(default_factory=dict)
    """User id → the one-time access that proved it; empty for a password."""

    @property
    def only(self) -> User | None:
        """The person, when there is no choice to make."""
        return self.proven[0] if len(self.candidates) == 1 and self.proven else None


def prove_by_password(candidates: Sequence[User], password: str) -> Proof:
    """Checks the password against everybody who may be meant (people share phones)."""
    password = password[:PASSWORD_MAXIMUM]
    proven = tuple(u for u in candidates if u.password and verify_password(password, u.password))
    if not any(user.password for user in candidates):
        hash_password(password)  # The same work for a name that nobody has.
    return Proof(tuple(candidates), proven)


def set_password(user: User, password: str) -> None:
    """Sets a password and ends every other session. Raises PasswordRefused."""
    if len(password) < PASSWORD_MINIMUM:
        raise PasswordRefused(
            _("Use at least %(count)s characters. A short sentence works well.",
              count=PASSWORD_MINIMUM)
        )  # fmt: skip
    if len(password) > PASSWORD_MAXIMUM:
        raise PasswordRefused(_("Use at most %(count)s characters.", count=PASSWORD_MAXIMUM))
    if name_key(password) in COMMON_PASSWORDS or len(set(password)) < 4:
        raise PasswordRefused(_("Many people use this password. Choose something else."))
    if name_key(password) in {user.name_key, name_key(user.number), name_key(user.email or "-")}:
        raise PasswordRefused(_("Your name or number is easy to guess. Choose something else."))
    user.password = hash_password(password)
    user.fs_uniquifier = secrets.token_hex(16)
    revoke_access(user)
    audit("person.password", user, actor=user)


# One-time access


@dataclass(frozen=True)
class Handout:
    """What the organiser hands to one person. The secrets exist only here."""

    user: User
    sign_in_name: str
    token: str
    code: str
    expires_at: datetime

    @property
    def printed_code(self) -> str:
        """The code in two groups, as it is easier to read out: "ABCD-2345"."""
        half = CODE_LENGTH // 2
        return f"{self.code[:half]}-{self.code[half:]}"


def _digest(secret: str) -> str:
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()


def _code_digest(user_id: int, code: str) -> str:
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return _digest(f"{user_id}:{plain}")


def issue_access(
    users: Sequence[User], *, by: User | None, institution: Institution | None = None
) -> list[Handout]:
    """A fresh link and code for each person; earlier ones stop working."""
    _revoke_all(users)
    names = sign_in_names(users)
    expires_at = now() + timedelta(days=ACCESS_DAYS)
    handouts = []
    for user in users:
        token = secrets.token_urlsafe(18)
        code = "".join(secrets.choice(CODE_LETTERS) for _n in range(CODE_LENGTH))
        db.session.add(
            OneTimeAccess(
                user_id=user.id,
                token_hash=_digest(token),
                code_hash=_code_digest(user.id, code),
                issued_by_id=by.id if by else None,
                expires_at=expires_at,
            )
        )
        handouts.append(Handout(user, names[user.id], token, code, expires_at))
        audit("person.invite", user, actor=by, institution=institution)
    db.session.flush()
    return handouts


def _revoke_all(users: Sequence[User]) -> None:
    db.session.execute(
        sa.update(OneTimeAccess)
        .where(
            OneTimeAccess.user_id.in_([user.id for user in users]),
            OneTimeAccess.used_at.is_(None),
            OneTimeAccess.revoked_at.is_(None),
        )
        .values(revoked_at=now())
    )


def revoke_access(user: User) -> None:
    _revoke_all([user])


def access_by_token(token: str) -> OneTimeAccess:
    """The usable access of a link. Raises AccessInvalid and says why."""
    query = sa.select(OneTimeAccess).filter_by(token_hash=_digest(token))
    found = db.session.scalar(query)
    if found is None:
        raise AccessInvalid(
            _(
                "This link is not known. "
                "Check that it was copied whole, or ask the committee for a new one."
            )
        )
    if found.used_at is not None:
        raise AccessInvalid(
            _(
                "This link has been used already. "
                "Sign in with your password, or ask the committee for a new link."
            )
        )
    if found.revoked_at is not None:
        raise AccessInvalid(
            _("This link was replaced by a newer one. Use the newest, or ask the committee.")
        )
    if found.expires_at <= now() or not found.user.active:
        raise AccessInvalid(_("This link has expired. Ask the committee for a new one."))
    return found


def prove_by_code(candidates: Sequence[User], code: str) -> Proof:
    """For whom the code is right. A wrong one counts; after MAX_FAILURES it ends the codes."""
    usable = db.session.scalars(
        sa.select(OneTimeAccess)
        .where(
            OneTimeAccess.user_id.in_([user.id for user in candidates]),
            OneTimeAccess.used_at.is_(None),
            OneTimeAccess.revoked_at.is_(None),
            OneTimeAccess.expires_at > now(),
            OneTimeAccess.failures < MAX_FAILURES,
        )
        .with_for_update()
    ).all()
    right = {
        access.user_id: access
        for access in usable
        if hmac.compare_digest(access.code_hash, _code_digest(access.user_id, code))
    }
    if not right:
        for access in usable:
            access.failures += 1
    proven = tuple(user for user in candidates if user.id in right)
    return Proof(tuple(candidates), proven, right)


def use_access(access: OneTimeAccess) -> None:
    """This one-time access has done its work. Raises AccessInvalid if it is gone."""
    used = db.session.execute(
        sa.update(OneTimeAccess)
        .where(
            OneTimeAccess.id == access.id,
            OneTimeAccess.used_at.is_(None),
            OneTimeAccess.revoked_at.is_(None),
            OneTimeAccess.expires_at > now(),
        )
        .values(used_at=now())
        .returning(OneTimeAccess.id)
    )
    if not used.all():
        raise AccessInvalid(_("This link has been used already. Sign in with your password."))
    audit("person.one_time_sign_in", access.user, actor=access.user)


# Roles


def grant_role(user: User, role: str, institution: Institution, *, by: User | None) -> Grant:
    """Gives a role in an institution and everything below it; giving it twice is once."""
    _refuse_giving(role, institution, by)
    named = {"user_id": user.id, "role": role, "institution_id": institution.id}
    # Two requests at the same moment give it once as well.
    given = insert(Grant).values(**named).on_conflict_do_nothing().returning(Grant.id)
    is_new = db.session.scalar(given) is not None
    found = db.session.scalars(sa.select(Grant).filter_by(**named)).one()
    if is_new:
        audit("grant.give", found, actor=by, institution=institution, role=role)
    found.ends_at = None
    forget_grants()
    return found


def _refuse_giving(role: str, institution: Institution, by: User | None) -> None:
    brought = owner_of(role) and role in engine().roles
    if role not in (*GRANTABLE, ADMIN) and not brought:
        raise DomainError(_("There is no role %(role)s.", role=role))
    if by and brought and engine().roles[role] not in roles_to_give(by, institution):
        raise DomainError(_("You cannot give the role %(role)s here.", role=role_title(role)))


def take_role(grant: Grant, *, by: User | None) -> None:
    """Takes a role away. Raises RoleKept where it is above `by`, or nobody would be left who can
    give roles there; refuses what somebody else has taken meanwhile."""
    if gives_roles(grant):
        _refuse_taking(grant, by, _givers(grant, lock=True))
    _hold(grant)
    audit("grant.take", grant, actor=by, institution=grant.institution, role=grant.role)
    db.session.delete(grant)
    forget_grants()


def _hold(grant: Grant) -> None:
    """Locks the grant, after those of the givers: everybody locks in this order."""
    there = sa.select(Grant.id).filter_by(id=grant.id).with_for_update()
    if db.session.scalar(there) is None:
        forget_grants()
        raise DomainError(_("This role has been taken away already."))


def doubts_about_taking(grant: Grant, *, by: User) -> list[str]:
    """What to ask about once more before a role is taken away; empty where nothing is special.

    Raises RoleKept as taking would.
    """
    own = [_("This is your own role.")] if grant.user_id == by.id else []
    if not gives_roles(grant):
        return own
    givers = _givers(grant)
    _refuse_taking(grant, by, givers)
    if grant not in givers:
        return []
    left = [giver for giver in givers if giver is not grant]
    return [*own, *_no_way_back(grant, by, left), *_only_from_above(grant, left)]


def _no_way_back(grant: Grant, by: User, left: Sequence[Grant]) -> list[str]:
    if grant.role == ADMIN:
        return [_("No page gives this role: it is given on the console only.")]
    if grant.user_id != by.id or any(giver.user_id == by.id for giver in left):
        return []
    return [_("Without it you cannot give it back to yourself: another admin has to.")]


def _only_from_above(grant: Grant, left: Sequence[Grant]) -> list[str]:
    if any(giver.institution_id == grant.institution_id for giver in left):
        return []
    places = sorted({giver.institution.short_name for giver in left})
    return [
        _("%(name)s has no other admin. Roles there can then be given only from above: "
          "%(places)s.", name=grant.institution.short_name, places=", ".join(places))
    ]  # fmt: skip


def gives_roles(grant: Grant) -> bool:
    return grant.role in roles_with("grants.manage")


def _givers(grant: Grant, *, lock: bool = False) -> list[Grant]:
    """The grants by which somebody can give roles there now, itself among them if it counts.

    Locked, two admins cannot take each other's at once.
    """
    query = (
        sa.select(Grant)
        .join(Grant.institution)
        .join(Grant.user)
        .options(contains_eager(Grant.institution))
        .where(
            Grant.institution_id.in_(grant.institution.lineage),
            Grant.role.in_(roles_with("grants.manage")),
            in_force(),
            User.active,
        )
        .order_by(Grant.id)
    )
    return list(db.session.scalars(query.with_for_update(of=Grant) if lock else query))


def _refuse_taking(grant: Grant, by: User | None, givers: Sequence[Grant]) -> None:
    """What counts for nothing now leaves nobody without an admin."""
    if grant.role == ADMIN and by and ADMIN not in {held.role for held in held_by(by)}:
        raise RoleKept(_("Only a platform admin can take this role away."))
    if grant not in givers:
        return
    left = {giver.role for giver in givers if giver is not grant}
    if grant.role == ADMIN and ADMIN not in left:
        raise RoleKept(
            _("This is the last platform admin. Make another one first, on the console: "
              "bimtek people create-admin NAME")
        )  # fmt: skip
    if not left:
        raise RoleKept(
            _("Nobody would be left who can give roles here. Give the role to another first.")
        )
