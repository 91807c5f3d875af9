"""The fields that plugins add to a form of core: shown with it, checked and saved with it.

A part that fails is left out of the page; when the form is sent, nothing at all is saved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import render_template
from flask_babel import gettext as _
from markupsafe import Markup

from core.errors import DomainError
from core.plugin_engine.contributions import FormPart
from core.plugin_engine.engine import FAILED, Where, engine


class PartFailed(DomainError):
    """A plugin could not save its part; nothing at all is saved."""

    def __init__(self, title: str) -> None:
        super().__init__(
            _("“%(title)s” could not be saved, so nothing was. Tell your admin.", title=title)
        )


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
        self._found: list[tuple[str, FormPart]] = engine().collected(hook, where, **arguments)

    def shown(self) -> Sequence[Shown]:
        """The parts as they stand on the page, without those that cannot be shown."""
        rendered = [
            engine().attempt(plugin, "showing a part of a form", partial(_shown, part, at))
            for at, (plugin, part) in enumerate(self._found, start=1)
        ]
        return [part for part in rendered if part is not FAILED]

    def validate_with(self, form: Any) -> bool:
        """Checks the form and every part, so that the reader sees all that is wrong at once."""
        right = [form.validate()]
        for plugin, part in self._found:
            valid = engine().attempt(plugin, "checking a part of a form", partial(_checked, part))
            right.append(valid is not FAILED and valid)
            if valid is FAILED:
                form.form_errors.append(PartFailed(str(part.title)).message)
        return all(right)

    def save(self, thing: Any) -> None:
        """Saves every part in the open transaction. Raises DomainError; then roll back."""
        for plugin, part in self._found:
            try:
                part.save(thing)
            except DomainError as refused:
                part.form.form_errors.append(refused.message)
                raise
            except Exception as error:
                engine().failed(plugin, "saving a part of a form")
                raise PartFailed(str(part.title)) from error


def _shown(part: FormPart, at: int) -> Shown:
    anchor = f"part-{at}"
    text = render_template("plugins/form_part.html", part=part, anchor=anchor)
    return Shown(anchor, str(part.title), bool(part.form.errors), Markup(text))  # noqa: S704 -- autoescaped by the template


def _checked(part: FormPart) -> bool:
    """What cannot be shown was not filled in by anybody either, and must not be saved as empty."""
    valid = bool(part.form.validate())
    _shown(part, 0)
    return valid
