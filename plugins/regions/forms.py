"""The region in the form of an institution: found by a search, then chosen; nothing is guessed."""

from typing import Any, Self

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, StringField
from wtforms.validators import Length, Optional

from core.api import TOO_LONG, Institution, choices, one_line
from plugins.regions import gazetteer
from plugins.regions.gazetteer import Region
from plugins.regions.queries import placed

FOLLOW = "above"
LONGEST = 100
MOST = 20


class RegionForm(FlaskForm):
    """`found` keeps the words whose regions are offered: a choice made among them counts."""

    class Meta:
        csrf = False

    found = HiddenField()
    code = RadioField(_l("Region"), validate_choice=False)
    search = StringField(
        _l("Search for a region"),
        [Optional(), Length(max=LONGEST, message=TOO_LONG)],
        description=_l("Name or code of a province, regency or city: Banjar, Kab. Banjar, 63.03."),
    )

    @classmethod
    def at(cls, institution: Institution | None, parent: Institution | None) -> Self:
        """The form of a known institution, or of a new one below `parent`."""
        ids = [place.id for place in (institution, parent) if place]
        known = placed(ids)
        here = known.get(institution.id) if institution else None
        above = known.get(parent.id) if parent else None
        own = here.region if here and institution and here.source_id == institution.id else None
        form = cls(prefix="regions-", code=own.code if own else FOLLOW)
        form.bind(own, above.region if above else None)
        return form

    def bind(self, own: Region | None, above: Region | None) -> None:
        """Tells the form what the institution has now and what it would follow."""
        self._own, self._above = own, above
        self._words = one_line(self.search.data or "")
        self._fits: list[Region] = []
        found = one_line(self.found.data or "")
        self._offer(found if len(found) <= LONGEST else "")

    @property
    def chosen(self) -> str | None:
        """The code to keep; None follows the institution above."""
        return None if self.code.data == FOLLOW else self.code.data

    def validate(self, extra_validators: Any = None) -> bool:
        return super().validate(extra_validators) and self._settle()

    def _settle(self) -> bool:
        """Whether one region is meant; else the page asks which."""
        if self._words and self._words != self.found.data:
            self._offer(self._words)
            return self._take()
        if self._words and not self.code.raw_data:
            return self._refuse(_("Choose one of these regions, or empty the search."))
        if self.code.data not in {choice.value for choice in self.code.choices}:
            return self._refuse(_("Choose one of these regions."))
        return True

    def _take(self) -> bool:
        """The only region that fits is the choice; several are offered without one chosen."""
        if not self._fits:
            self.search.errors = [
                _("No province, regency or city fits “%(words)s”. Check it, or use the code.",
                  words=self._words)
            ]  # fmt: skip
            return False
        self.code.data = self._fits[0].code if len(self._fits) == 1 else None
        return self.code.data is not None or self._refuse(self._which())

    def _which(self) -> str:
        count, words = len(self._fits), self._words
        if count <= MOST:
            return _("%(count)s regions fit “%(words)s”. Choose one.", count=count, words=words)
        return _(
            "%(count)s regions fit “%(words)s”, the first %(most)s are shown. Choose one, or "
            "write more of the name.", count=count, words=words, most=MOST,
        )  # fmt: skip

    def _refuse(self, message: str) -> bool:
        self.form_errors.append(message)
        return False

    def _offer(self, words: str) -> None:
        """What can be chosen: the regions that fit the words, the present one, the one above."""
        near = self._above.province if self._above else ""
        self._fits = list(gazetteer.find(words, near=near)) if words else []
        self.found.data = words if self._fits else ""
        offered = {one.code: one.path for one in self._fits[:MOST]}
        if self._own:
            offered.setdefault(self._own.code, self._own.path)
        self.code.choices = choices([*offered.items(), (FOLLOW, self._following())])

    def _following(self) -> str:
        if self._above:
            return _("As the institution above: %(region)s", region=self._above.path)
        return _("No region")
