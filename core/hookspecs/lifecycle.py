"""What a plugin does while it is itself installed or upgraded: all of it or nothing.

Everything happens in one transaction on `connection`; `db.session` is another one and must
not be used. `since` is the version that was installed until now, None at the first time.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from packaging.version import Version

from core.hookspecs import hookspec
from core.plugin_engine.contributions import Record


@hookspec("lifecycle")
def before_migrations(connection: sa.Connection, since: Version | None) -> None:
    """Before the plugin's tables change: keep what the migrations would lose."""


@hookspec("lifecycle")
def after_migrations(connection: sa.Connection, since: Version | None) -> None:
    """After the plugin's tables have changed, before its reference data: fill new columns."""


@hookspec("lifecycle")
def reference_data() -> Sequence[Record]:  # type: ignore[empty-body]
    """Rows of the plugin's own tables under stable names, such as the ranks to choose from.

    Written when the plugin is installed; at each upgrade what no person has changed since
    follows the list, and what a person changed or deleted stays as it is.
    """
