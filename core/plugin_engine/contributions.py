"""The values that core and plugins hand to the engine: kinds, permissions, panels, entries.

They are frozen and hold no state; what they mean is written in the hook that returns them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from flask_babel.speaklater import LazyString

Text: TypeAlias = str | LazyString


@dataclass(frozen=True)
class Permission:
    """A right such as `quizzes.take`; `roles` hold it from the start."""

    name: str
    title: Text
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class ActivityKind:
    """A kind of activity: how it is named, opened, edited and described.

    `name`: `"<plugin>.<kind>"`. `view(activity, cohort)` and `edit(activity)` give URLs.
    `facts(activities)` gives a short line for each activity id, in one query at most.
    `ready(activity)` gives a sentence when the activity cannot be published yet, else "".
    """

    name: str
    title: Text
    icon: str
    view: Callable[[Any, Any], str]
    edit: Callable[[Any], str]
    facts: Callable[[Sequence[Any]], Mapping[int, str]] = lambda activities: {}
    ready: Callable[[Any], str] = lambda activity: ""

    @property
    def plugin(self) -> str:
        """The plugin that the kind belongs to; empty for core's own kinds."""
        owner, dot, _kind = self.name.partition(".")
        return owner if dot else ""


@dataclass(frozen=True)
class Panel:
    """A piece of a page that a plugin adds in a slot."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    weight: int = 50


@dataclass(frozen=True)
class MenuEntry:
    """An entry of the navigation, shown to people who hold `permission`."""

    label: Text
    endpoint: str
    permission: str
    weight: int = 50


@dataclass(frozen=True)
class Refusal:
    """A plugin's no to something that is about to happen, with its sentence."""

    message: Text
