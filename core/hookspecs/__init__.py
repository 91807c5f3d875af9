"""Every hook that core calls, one file a subject.

Each hook has one mode, and core calls it through the engine's method of that name:

- *build*: once at start; a failure leaves that plugin out.
- *collect*: while a page is made; a failing plugin is logged, counted and skipped.
- *notify*: after a change, in its transaction, inside a savepoint of its own.
- *lifecycle*: while the plugin itself is installed or upgraded; a failure undoes that step.
- *decide*: may this happen? Any `Refusal` stops it; a failure refuses.

All arguments are passed by keyword; an implementation names only those that it needs.
"""

from collections.abc import Callable
from typing import Literal, TypeVar

import pluggy

PROJECT = "bimtek"
Mode = Literal["build", "lifecycle", "collect", "notify", "decide"]
F = TypeVar("F", bound=Callable[..., object])

hookimpl = pluggy.HookimplMarker(PROJECT)
_mark = pluggy.HookspecMarker(PROJECT)


def hookspec(mode: Mode, page: str = "") -> Callable[[F], F]:
    """Marks a hook and the one way in which core calls it; `page`: where its panels stand."""

    def mark(function: F) -> F:
        function.mode = mode  # type: ignore[attr-defined]
        function.page = page  # type: ignore[attr-defined]
        return _mark(function)

    return mark
