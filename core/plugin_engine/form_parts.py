"""The fields that plugins add to a form of core: shown with it, checked and saved with it.

A part that fails is left out of the page; when the form is sent, nothing at all is saved. What
was not on the page was not filled in by anybody, so it is asked for and never saved as empty.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from flask import render_template, request
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup

from core.db import db
from core.errors import DomainError
from core.plugin_engine.contributions import FormPart
from core.plugin_engine.engine import FAILED, Where, engine

MARK = "form_part"


class PartRefused(DomainError):
    """A plugin said no to its part; the sentence stands with its fields."""


class PartFailed(DomainError):
    """A plugin could not save its part; nothing at all is saved."""

    def __init__(self, title: str) -> None:
        super().__init__(
            _("“%(title)s” could not be saved, so nothing was. Tell your admin.", title=title)
        )


@dataclass(frozen=True)
class Found:
    """A part, whose it is, and `anchor`: its id on the page and its mark in what is sent."""

    plugin: str
    anchor: str
    part: FormPart


@dataclass(frozen=True)
class Shown:
    """A rendered part; `anchor` is its id on the page."""

    anchor: str
    title: str
    wrong: bool
    text: Markup


class FormParts:
    """The parts of one form; `hook` gives them, asked where `where` says."""

    def __init__(self, hook: str, where: Where, **arguments: Any) -> None:
        counted: Counter[str] = Counter()
        self._found: list[Found] = []
        self._lost: list[tuple[str, str]] = []  # plugin, and how its first part was called
        for plugin, part in engine().asked(hook, where, **arguments):
            counted[plugin] += 1
            name = anchor(hook, plugin, counted[plugin])
            if part is FAILED:
                self._lost.append((plugin, name))
            else:
                self._found.append(Found(plugin, name, part))

    def __bool__(self) -> bool:
        return bool(self._found or self._lost)

    def __add__(self, other: Self) -> Self:
        """Those of two hooks, shown and checked as one; each is saved with its own thing."""
        both = object.__new__(type(self))
        both._found = [*self._found, *other._found]
        both._lost = [*self._lost, *other._lost]
        return both

    def shown(self) -> Sequence[Shown]:
        """The parts as they stand on the page, without those that cannot be shown."""
        rendered = [
            engine().attempt(one.plugin, "showing a part of a form", partial(_shown, one))
            for one in self._found
        ]
        return [part for part in rendered if part is not FAILED]

    def validate_with(self, form: Any) -> bool:
        """Checks the form and every part, so that the reader sees all that is wrong at once."""
        right = [form.validate(), self._nothing_lost(form)]
        for one in self._found:
            valid = engine().attempt(one.plugin, "checking a part of a form", partial(_valid, one))
            right.append(valid is not FAILED and valid)
            if valid is FAILED:
                form.form_errors.append(PartFailed(str(one.part.title)).message)
        return all(right)

    def _nothing_lost(self, form: Any) -> bool:
        """Whether no plugin fails to take back what it has asked on the page."""
        sent = request.form.getlist(MARK)
        lost = [plugin for plugin, name in self._lost if name in sent]
        titles = [engine().manifests[plugin].title_in(str(get_locale())) for plugin in lost]
        form.form_errors += [PartFailed(title).message for title in titles]
        return not lost

    def save(self, thing: Any) -> None:
        """Saves every part in the open transaction. Raises DomainError; then `undo`."""
        for one in self._found:
            try:
                one.part.save(thing)
                db.session.flush()
            except DomainError as refused:
                one.part.form.form_errors.append(refused.message)
                raise PartRefused(refused.message) from refused
            except Exception as error:
                engine().failed(one.plugin, "saving a part of a form")
                raise PartFailed(str(one.part.title)) from error


def anchor(hook: str, plugin: str, number: int = 1) -> str:
    """How the plugin's part of that number is called on the page of the form."""
    return f"{hook.removesuffix('_form_parts')}-{plugin}-{number}"


def undo(form: Any, refused: DomainError) -> None:
    """Takes back what was written for the form, and says in it why."""
    db.session.rollback()
    if not isinstance(refused, PartRefused):
        form.form_errors.append(refused.message)


def _shown(one: Found) -> Shown:
    part = one.part
    text = render_template("plugins/form_part.html", part=part, anchor=one.anchor, mark=MARK)
    return Shown(one.anchor, str(part.title), bool(part.form.errors), Markup(text))  # noqa: S704 -- autoescaped by the template


def _valid(one: Found) -> bool:
    """What cannot be shown was not filled in either, so it is rendered here as well."""
    form = one.part.form
    sent = one.anchor in request.form.getlist(MARK)
    valid = sent and bool(form.validate())
    if not sent:
        _forget_what_was_sent(form)
        form.form_errors.append(_("This was not on the page before. Check it, then send again."))
    _shown(one)
    return valid


def _forget_what_was_sent(form: Any) -> None:
    """The form as the plugin filled it, not as a page without its fields would empty it."""
    for field in form:
        field.process(None, field.object_data)
