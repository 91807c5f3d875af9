"""How a plugin adds its part to the demo that `bimtek demo load` makes."""

from typing import Any

from core.hookspecs import hookspec


@hookspec("notify")
def demo_loading(demo: Any) -> None:
    """Called once while the demo is made, after its courses, cohorts and people are there.

    `demo` is a `core.demo.Demo`: `demo.course(code)`, `demo.cohort(code)`, `demo.random`
    (seeded), `demo.people(cohort_code)`. Everything written must be invented and marked CONTOH.
    """


@hookspec("notify")
def demo_finishing(demo: Any) -> None:
    """Called once at the end, when everybody's progress in the demo is made."""
