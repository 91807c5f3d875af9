"""How sources of evidence are called on pages. Other plugins name theirs through `api`."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

LIST = "list"
_TITLES: dict[str, str | LazyString] = {LIST: _l("Signed list")}


def name_source(source: str, title: str | LazyString) -> None:
    """Gives a source its name for readers; called once, when a plugin is loaded."""
    _TITLES[source] = title


def title_of(source: str) -> str:
    return str(_TITLES.get(source, source))
