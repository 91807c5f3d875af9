"""The values that core and plugins hand to the engine: kinds, permissions, panels, entries.

They are frozen and hold no state; what they mean is written in the hook that returns them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, TypeAlias, get_args

import sqlalchemy as sa
from flask import url_for
from flask_babel.speaklater import LazyString

Text: TypeAlias = str | LazyString


def _make_plain(value: Any, *texts: str) -> None:
    """Lazy texts fail here, where the plugin makes the value, and not in the middle of a page."""
    for name in texts:
        object.__setattr__(value, name, str(getattr(value, name)))


@dataclass(frozen=True)
class Permission:
    """A right such as `quizzes.take`; `roles` hold it from the start."""

    name: str
    title: Text
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Role:
    """A role of a plugin, named `<plugin>.<role>`, given on the page of an institution's roles.

    It holds what the plugin's own permissions say by their `roles`, and nothing of core. Only who
    holds all of that there may give it. Where the plugin is disabled it gives nothing.
    `summary` says in a line what its holder may do.
    """

    name: str
    title: Text
    summary: Text = ""


def core_form(activity: Any) -> str:
    """The editor's own form: enough for a kind that has nothing more to write."""
    course_id = activity.section.course_id
    return url_for("courses.edit_activity", course_id=course_id, activity_id=activity.id)


@dataclass(frozen=True)
class ActivityKind:
    """A kind of activity: how it is named, opened, edited and described.

    `name`: `"<plugin>.<kind>"`. `view(activity, cohort)` and `edit(activity)` give URLs.
    `facts(activities)` gives a short line for each activity id, in one query at most.
    `ready(activity)` gives a sentence when the activity cannot be published yet, else "".
    `opens_before`: where set, the kind is *held* at a time: it is a session, it opens so long
    before it begins and closes when it ends, unless the timetable says otherwise.
    `opened_in_class`: staff open and close it while the class runs, as with a test.
    """

    name: str
    title: Text
    icon: str
    view: Callable[[Any, Any], str]
    edit: Callable[[Any], str] = core_form
    facts: Callable[[Sequence[Any]], Mapping[int, str]] = lambda activities: {}
    ready: Callable[[Any], str] = lambda activity: ""
    opens_before: timedelta | None = None
    opened_in_class: bool = False

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


Place: TypeAlias = Literal["top", "end", "aside"]


@dataclass(frozen=True)
class PagePanel:
    """A panel on a page of core that has no hook of its own for it.

    `page`: the endpoint, such as "cohorts.participants"; the reference lists all of them.
    `show(thing, user)` gives the Panel, or None where there is nothing to show to this person:
    core asks for no right. `thing` is what the address names, an institution, a course or a
    class, and None where it names nothing; there the plugin is asked as soon as it is enabled
    anywhere. `user` may be anonymous on a public page.
    `place`: "top" is below the heading, "end" below the content, "aside" beside it.
    """

    page: str
    show: Callable[[Any, Any], Panel | None]
    place: Place = "end"
    weight: int = 50


@dataclass(frozen=True)
class DashboardCard:
    """A key figure on the home page of people who work here; `url` leads to what is behind it."""

    title: Text
    value: int | Text
    url: str
    note: Text = ""
    weight: int = 50

    def __post_init__(self) -> None:
        _make_plain(self, "title", "note")
        if not isinstance(self.value, int):
            _make_plain(self, "value")


@dataclass(frozen=True)
class TemplateFilter:
    """A filter for templates, named `<plugin>_<word>`: `{{ visit.seconds|quizzes_minutes }}`."""

    name: str
    apply: Callable[..., Any]


@dataclass(frozen=True)
class MenuEntry:
    """An entry of the navigation, shown to people who hold `permission`."""

    label: Text
    endpoint: str
    permission: str
    weight: int = 50


@dataclass(frozen=True)
class PublicLink:
    """A page for everybody, named at the foot of every page; `@public`, without arguments."""

    label: Text
    endpoint: str
    weight: int = 50


@dataclass(frozen=True)
class Refusal:
    """A plugin's no to something that is about to happen, with its sentence."""

    message: Text


@dataclass(frozen=True)
class Requirement:
    """What a participant must have for the class to count as completed, beside the activities.

    `note` says how far the participant is: "92 % of the sessions; 80 % are needed".
    `known` is False when that cannot be said at the moment; it is then not met, but nothing that
    was completed falls for it.
    """

    enrolment_id: int
    title: Text
    met: bool
    note: Text = ""
    weight: int = 50
    known: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.enrolment_id, int):
            raise TypeError(f"{self.enrolment_id!r} is no id of an enrolment")
        _make_plain(self, "title", "note")


@dataclass(frozen=True)
class Metric:
    """A figure that adds up over participants, for monitoring.

    `name`: `"<plugin>.<figure>"`. `definition` says in a sentence what is counted.
    `measure(enrolments)` takes a select of enrolment ids and gives a select of
    (enrolment id, value), at most one row each.
    `how` the values of a group become its figure: "count" sums them; "mean" is the average of
    those that have a value; "share" is the same of 1 and 0, times 100, so it gives a 0 to whoever
    could have met it and did not, and nothing to whom it does not concern. A share or a mean of
    nobody is unknown, not zero. A metric is measured only where its plugin is enabled.
    """

    name: str
    title: Text
    definition: Text
    measure: Callable[[Any], sa.Select[*tuple[Any, ...]]]
    how: Literal["count", "share", "mean"] = "count"
    unit: str = ""
    weight: int = 50


@dataclass(frozen=True)
class FormPart:
    """Fields that a plugin adds to a form of core; saved in its transaction.

    `form`: a form of the plugin, bound to the request, with the prefix `"<plugin>-"` and without
    a token of its own. `save(thing)` is called after core has saved; it may raise DomainError.
    `template` shows the fields; without one each is shown in order.
    """

    title: Text
    form: Any
    save: Callable[[Any], None]
    template: str = ""
    weight: int = 50

    def __post_init__(self) -> None:
        _make_plain(self, "title")


@dataclass(frozen=True)
class RecordRef:
    """Stands in a record's values for the id of another record of the same plugin."""

    external_id: str


@dataclass(frozen=True)
class Record:
    """A row of a plugin's own table that the plugin brings itself.

    `external_id` is its name for good: small letters, digits, `_`, `.` and `-`. `values`: attribute
    of `model` → value, or a `RecordRef` to a record further up. With `demo` it is written only
    where the demo is loaded; its texts are invented and marked CONTOH.
    """

    external_id: str
    model: type[Any]
    values: Mapping[str, Any]
    demo: bool = False


Level: TypeAlias = Literal["site", "institution", "course", "cohort"]
LEVELS: tuple[Level, ...] = get_args(Level)  # from what is furthest to what is nearest


@dataclass(frozen=True)
class Settings:
    """What can be set of a plugin: a WTForms class whose fields are all optional with a default.

    A field left empty follows what is above it: a class its course, then its host and the
    institutions above that, then the site. `levels`: where it can be set. Values are text,
    choices, or whole numbers by `OptionalNumber`.
    `own`: names of fields that are not inherited, such as who signs: they count only for the
    place that filled them in.
    `only`: field → the levels where that field can be set, where these are fewer.
    """

    form: type[Any]
    levels: tuple[Level, ...] = ("institution",)
    own: frozenset[str] = frozenset()
    only: Mapping[str, tuple[Level, ...]] = field(default_factory=dict)

    def levels_of(self, name: str) -> tuple[Level, ...]:
        return self.only.get(name, self.levels)
