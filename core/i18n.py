"""Which language and time zone a reader gets, and where the translated texts lie.

Source texts are English; `.po` files are read as they are, so nothing is compiled.
How the files are kept up to date is the business of `core.i18n_tool`.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, current_app, has_request_context, request, session
from flask_babel import Babel, Domain, get_locale
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

DEFAULT_LANGUAGE = "id"
LANGUAGES = ("id", "en")
DEFAULT_ZONE = "Asia/Jakarta"


class PoDomain(Domain):
    """The texts of several `translations` folders as one; where two differ the first wins.

    What core says is core's in every language, in English too, where the text is its own source.
    """

    def __init__(self, directories: Sequence[Path]) -> None:
        super().__init__([str(directory) for directory in directories])
        self._loaded: dict[str, NullTranslations] = {}
        self.on_fault: dict[str, Callable[[], None]] = {}

    def get_translations(self) -> NullTranslations:
        locale = str(get_locale() or DEFAULT_LANGUAGE)
        if locale not in self._loaded:
            self._loaded[locale] = self._load(locale)
        return self._loaded[locale]

    def _load(self, locale: str) -> NullTranslations:
        catalogue = new_catalogue(locale)
        for message in self._messages(locale):
            catalogue[message.id] = message
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        return Translations(compiled)

    def _messages(self, locale: str) -> Iterator[Message]:
        taken = self._texts_of_core()
        for directory in self.translation_directories:
            path = po_file(Path(directory), locale)
            try:
                found = _usable_in(path, locale) if path.exists() else []
            except Exception:
                # The texts of a plugin; without core's own there is no site.
                if directory not in self.on_fault:
                    raise
                self.on_fault[directory]()
                continue
            is_core = directory not in self.on_fault
            yield from (one for one in found if is_core or _source(one) not in taken)

    def _texts_of_core(self) -> set[str]:
        """As the programme has them, whether translated or not."""
        own = [Path(one) for one in self.translation_directories if one not in self.on_fault]
        files = [po_file(folder, DEFAULT_LANGUAGE) for folder in own]
        return {_source(one) for file in files if file.exists() for one in _read(file)}


def _read(path: Path, locale: str = DEFAULT_LANGUAGE) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale)


def _usable_in(path: Path, locale: str) -> list[Message]:
    return [message for message in _read(path, locale) if usable(message)]


def _source(message: Message) -> str:
    """The English text; of one with a plural its singular."""
    return str(forms(message.id)[0])


def new_catalogue(locale: str = DEFAULT_LANGUAGE) -> Catalog:
    catalogue = Catalog(locale=locale)
    if locale == "id":
        # Babel has no plural rule for Indonesian and would ask for two forms.
        catalogue.mime_headers = [("Plural-Forms", "nplurals=1; plural=0;")]
    return catalogue


def po_file(directory: Path, locale: str) -> Path:
    return directory / locale / "LC_MESSAGES" / "messages.po"


def usable(message: Message) -> bool:
    """A translation that may be shown: whole and not marked as a guess."""
    return bool(message.id) and not message.fuzzy and all(forms(message.string))


def forms(text: str | Sequence[str] | None) -> Sequence[str]:
    """A text or the plural forms of one, always as a list."""
    return [text or ""] if isinstance(text, str | None) else text


def _reader() -> Any | None:
    """Whoever is signed in, or nobody: an app may have no accounts, a request no database."""
    if not (has_request_context() and hasattr(current_app, "login_manager")):
        return None
    try:
        return current_user if current_user.is_authenticated else None
    except SQLAlchemyError:
        return None


def _environment_language() -> str:
    names = ("LANGUAGE", "LC_ALL", "LANG")
    first = next((value for name in names if (value := os.environ.get(name))), "")
    return "en" if first.startswith("en") else DEFAULT_LANGUAGE


def select_language() -> str:
    if not has_request_context():
        return _environment_language()
    if (chosen := session.get("language")) in LANGUAGES:
        return str(chosen)
    if (own := getattr(_reader(), "language", None)) in LANGUAGES:
        return str(own)
    return request.accept_languages.best_match(LANGUAGES) or DEFAULT_LANGUAGE


def select_zone() -> str:
    return getattr(_reader(), "timezone", None) or DEFAULT_ZONE


def init_i18n(app: Flask, directories: Sequence[Path]) -> None:
    """`directories`: the `translations` folders of core; plugins add theirs by `add_texts`."""
    babel = Babel(
        app,
        default_locale=DEFAULT_LANGUAGE,
        default_timezone=DEFAULT_ZONE,
        locale_selector=select_language,
        timezone_selector=select_zone,
    )
    # Flask-Babel has no other way to name the domain that gettext uses.
    babel.domain_instance = PoDomain(directories)


def add_texts(app: Flask, directory: Path, on_fault: Callable[[], None]) -> None:
    """The texts of one more `translations` folder; those already there win. `on_fault` is called
    in the place of a file that cannot be read."""
    domain: PoDomain = app.extensions["babel"].instance.domain_instance
    domain.translation_directories.append(str(directory))
    domain.on_fault[str(directory)] = on_fault
