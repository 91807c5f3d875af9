"""What the kinds say about activities: their line of facts and where they open.

A fault of one plugin is logged and counted; its activities go without, the page stays whole.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

from core.cohorts.models import Cohort
from core.courses.models import Activity
from core.institutions.models import Institution
from core.plugin_engine.contributions import ActivityKind
from core.plugin_engine.engine import FAILED, engine

Ask = Callable[[ActivityKind, list[Activity]], dict[int, str]]


def facts_of(activities: Sequence[Activity], institution: Institution) -> dict[int, str]:
    """Activity id → its kind's short line; one call for each kind."""
    return _ask_kinds(
        "facts",
        activities,
        institution,
        lambda kind, own: {key: str(line) for key, line in kind.facts(own).items() if line},
    )


def edit_urls(activities: Sequence[Activity], institution: Institution) -> dict[int, str]:
    """Activity id → where authors edit its content; none where the plugin is away."""
    return _ask_kinds(
        "edit", activities, institution, lambda kind, own: {a.id: _url(kind.edit(a)) for a in own}
    )


def view_urls(
    activities: Sequence[Activity], institution: Institution, cohort: Cohort | None = None
) -> dict[int, str]:
    """Activity id → where it is read in a cohort, or in a preview without one."""
    return _ask_kinds(
        "view",
        activities,
        institution,
        lambda kind, own: {a.id: _url(kind.view(a, cohort)) for a in own},
    )


def _url(answer: object) -> str:
    if not isinstance(answer, str):
        raise TypeError(f"{answer!r} is no address")
    return answer


def _ask_kinds(
    question: str, activities: Sequence[Activity], institution: Institution, ask: Ask
) -> dict[int, str]:
    by_kind = defaultdict(list)
    for activity in activities:
        by_kind[activity.kind].append(activity)
    answers: dict[int, str] = {}
    for name, own in by_kind.items():
        if kind := engine().kind(name, institution):
            answers |= _contained(question, kind, own, ask)
    return answers


def _contained(
    question: str, kind: ActivityKind, activities: list[Activity], ask: Ask
) -> dict[int, str]:
    if not kind.plugin:
        return ask(kind, activities)
    call = partial(ask, kind, activities)
    answer = engine().attempt(kind.plugin, f"{question} of {kind.name}", call)
    return {} if answer is FAILED else answer
