"""The fields that plugins add to a form of core: shown with it, checked and saved with it."""

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _

from core.errors import DomainError
from core.plugin_engine.contributions import FormPart
from core.plugin_engine.engine import Where, engine


class PartFailed(DomainError):
    """A plugin could not save its part; nothing at all is saved."""

    def __init__(self, title: str) -> None:
        super().__init__(
            _("“%(title)s” could not be saved, so nothing was. Tell your admin.", title=title)
        )


class FormParts:
    """The parts of one form; `hook` gives them, asked where `where` says."""

    def __init__(self, hook: str, where: Where, **arguments: Any) -> None:
        self._found: list[tuple[str, FormPart]] = engine().collected(hook, where, **arguments)

    def __iter__(self) -> Iterator[FormPart]:
        return iter([part for _plugin, part in self._found])

    def validate(self) -> bool:
        """Checks every part, so that the reader sees all that is wrong at once."""
        checked = [part.form.validate() for _plugin, part in self._found]
        return all(checked)

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
