"""The figures as a table for files and as JSON; also how one figure is written."""

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core.api import Metric, number
from plugins.monitoring.figures import Figure, Figures, Row
from plugins.monitoring.selection import By

NO_FIGURE = "—"
PLACES = {
    "province": _l("Province"),
    "regency": _l("Regency or city"),
    "institution": _l("Institution"),
}


def shown(figure: Figure, metric: Metric, digits: int = 2) -> str:
    """86,05%; 12,5 points; a dash where there is none."""
    if figure is None:
        return NO_FIGURE
    gap = "" if metric.unit in {"", "%"} else " "
    return f"{number(figure, digits)}{gap}{metric.unit}"


def table(found: Figures, by: By) -> Iterator[list[Any]]:
    """Head, a line a row, and the total; where each institution lies has a column of its own."""
    apart = by == "institution"
    yield [_("Code"), str(PLACES[by]), *([_("Region")] if apart else []), *_heads(found)]
    for row in (*found.rows, found.total):
        figures = [row.figure(metric) for metric in found.metrics]
        yield [row.code, row.name, *([row.place] if apart else []), *figures]


def _heads(found: Figures) -> list[str]:
    return [f"{m.title} ({m.unit})" if m.unit else str(m.title) for m in found.metrics]


def key_of(metric: Metric) -> str:
    """How JSON names a metric: "quizzes.gain" is quizzes_gain."""
    return metric.name.replace(".", "_")


def as_json(found: Figures) -> dict[str, Any]:
    def figures(row: Row) -> dict[str, Figure]:
        return {key_of(metric): row.figure(metric) for metric in found.metrics}

    return {
        "rows": [{"code": row.code, "name": row.name, **figures(row)} for row in found.rows],
        "total": figures(found.total),
        "failed": [key_of(metric) for metric in found.failed],
    }
