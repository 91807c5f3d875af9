"""Finds the institution that a list means: by name or alias, within its regency.

Never a guess: two that fit are named, none that fits is said.
"""

from collections.abc import Sequence
from functools import cached_property

import sqlalchemy as sa
from flask_babel import gettext as _

from core.db import db
from core.errors import DomainError
from core.institutions.models import Institution
from core.institutions.queries import below, named
from core.institutions.services import create_institution
from core.people.access import can
from core.people.models import User
from core.people.names import name_key

_PREFIXES = (("kab ", "kabupaten "), ("kota adm ", "kota "), ("kota administrasi ", "kota "))


class InstitutionUnknown(DomainError):
    """Nothing, or more than one thing, goes by this name; the sentence says which."""


def regency_spellings(text: str) -> tuple[str, ...]:
    """The keys by which a regency may be kept: "Kab. Banjar" is also "Kabupaten Banjar".

    "Banjar" alone may be either; where both are, the list has to say which.
    """
    key = name_key(text)
    found = [key]
    for short, long in _PREFIXES:
        if key.startswith(short):
            found.append(long + key.removeprefix(short))
    if not key.startswith(("kab", "kota ")):
        found += [f"kabupaten {key}", f"kota {key}"]
    return tuple(found)


def province_spellings(text: str) -> tuple[str, ...]:
    key = name_key(text)
    bare = key.removeprefix("provinsi ").removeprefix("propinsi ").removeprefix("prov ")
    return key, bare, f"provinsi {bare}"


class InstitutionFinder:
    """Answers for one list; the same words are looked up once.

    `home`: below it lies what the list names without a regency. Below it and below `also`
    new institutions may be made.
    """

    def __init__(self, home: Institution, *also: Institution) -> None:
        self.home = home
        self.also = also
        self.created: list[Institution] = []
        self._known: dict[tuple[str, ...], Institution | None] = {}

    def find(
        self,
        name: str,
        regency: str,
        province: str = "",
        *,
        create: bool = False,
        by: User | None = None,
    ) -> Institution | None:
        """The institution, or None when neither name nor regency is given.

        With `create` an unknown one is made below its regency or the home, where `by` may.
        Raises InstitutionUnknown.
        """
        key = (name_key(name), name_key(regency), name_key(province))
        if key not in self._known:
            place = self._regency(regency, province) if name_key(regency) else None
            self._known[key] = self._look_up(name, place, create, by) if name_key(name) else place
        return self._known[key]

    def forget(self) -> None:
        """After a rollback: what was created in it is gone."""
        self._known.clear()

    def _look_up(
        self, name: str, place: Institution | None, create: bool, by: User | None
    ) -> Institution:
        found = self._named(name, place)
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            raise InstitutionUnknown(
                _("Institution “%(name)s” is there %(count)s times. Fill in the regency column.",
                  name=name, count=len(found))
            )  # fmt: skip
        parent = place or self.home
        if create and self._may_create_below(parent, by):
            made = create_institution(name, kind="library", parent=parent, by=by)
            self.created.append(made)
            return made
        if create:
            raise InstitutionUnknown(
                _("Institution “%(name)s” is not known in %(place)s, and only its own admin can "
                  "add it.", name=name, place=parent.name)
            )  # fmt: skip
        raise InstitutionUnknown(
            _("Institution “%(name)s” is not known in %(place)s. Correct it, or let it be created.",
              name=name, place=parent.name)
        )  # fmt: skip

    def _may_create_below(self, parent: Institution, by: User | None) -> bool:
        """Below the own ones; elsewhere only with the right to manage institutions."""
        own = any(parent.path.startswith(place.path) for place in (self.home, *self.also))
        return own or by is None or can(by, "institutions.manage", parent)

    def _named(self, name: str, place: Institution | None) -> Sequence[Institution]:
        """Within the regency or the home; else a central office, which lies in no regency."""
        apart = Institution.kind.in_(("agency", "network", "province", "national"))
        query = sa.select(Institution).where(named(name)).order_by(Institution.path).limit(10)
        near = db.session.scalars(query.where(below(place or self.home))).all()
        return near or db.session.scalars(query.where(apart)).all()

    def _regency(self, text: str, province: str) -> Institution:
        """Within the province that the list names, else within the home's, else anywhere."""
        stated = self._province_named(province) if name_key(province) else []
        any_spelling = sa.or_(*(named(key) for key in regency_spellings(text)))
        query = sa.select(Institution).where(
            any_spelling, Institution.kind.in_(("regency", "province"))
        )
        nearest = sa.or_(*(below(p) for p in stated)) if stated else below(self.province)
        found = [] if province and not stated else db.session.scalars(query.where(nearest)).all()
        if not found and not stated:
            found = db.session.scalars(query.limit(10)).all()
        if len(found) == 1:
            return found[0]
        if not found:
            raise InstitutionUnknown(_("Regency or city “%(name)s” is not known.", name=text))
        raise InstitutionUnknown(
            _("“%(name)s” may be %(names)s. Write Kabupaten or Kota before it.",
              name=text, names=", ".join(sorted(i.short_name for i in found)))
        )  # fmt: skip

    def _province_named(self, text: str) -> Sequence[Institution]:
        any_spelling = sa.or_(*(named(key) for key in province_spellings(text)))
        query = sa.select(Institution).where(any_spelling, Institution.kind == "province")
        return db.session.scalars(query.limit(10)).all()

    @cached_property
    def province(self) -> Institution:
        """The province office above the home, or the home itself."""
        query = sa.select(Institution).where(
            Institution.id.in_(self.home.lineage), Institution.kind == "province"
        )
        return db.session.scalar(query) or self.home
