"""What the metrics say of a question, added up by province, regency or institution.

The database adds up by the institution that an enrolment was made for, Python folds these into
regions. The total comes unfolded from the same statement, so both can be held against each other.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any, TypeAlias

import sqlalchemy as sa
from flask_babel import gettext as _

from core.api import Cohort, Enrolment, Institution, Metric, contained, db, metrics_in
from plugins.monitoring.selection import NONE, By, Ground, Selection, ground_of
from plugins.regions.api import region

Figure: TypeAlias = int | float | None
HUNDREDTH = Decimal("0.01")
# The key of the total among those of institutions, which are ids or None.
ALL = object()


@dataclass(frozen=True)
class Question:
    """`region`: "" everywhere, a province "63", a regency "63.04", or NONE."""

    selection: Selection
    by: By
    region: str = ""


@dataclass(frozen=True)
class Measured:
    """A metric, and the hosts of classes where its plugin acts; elsewhere it says nothing."""

    metric: Metric
    hosts: Sequence[int]
    everywhere: bool

    def of(self, enrolments: sa.Select[Any]) -> sa.Select[Any]:
        """Those whom the metric measures."""
        return enrolments if self.everywhere else enrolments.where(Cohort.host_id.in_(self.hosts))

    def values(self, enrolments: sa.Select[Any]) -> sa.Subquery:
        """(enrolment id, value), as the metric gives them."""
        return self.metric.measure(enrolments).subquery()

    def contained(self, call: Callable[[], Any]) -> Any:
        """What `call` gives, or None where the metric fails."""
        plugin = self.metric.name.rpartition(".")[0]
        return contained(plugin or "core", f"metric {self.metric.name}", call)


@dataclass(frozen=True)
class Tally:
    """What folds: people measured, the sum of their values, and how many have one."""

    people: int = 0
    total: Any = 0
    valued: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.people + other.people, self.total + other.total, self.valued + other.valued
        )

    def figure(self, metric: Metric) -> Figure:
        """To two decimals, so that page, file and JSON say the same; None where it is of nobody."""
        if metric.how == "count":
            return rounded(self.total)
        if metric.how == "share":
            return rounded(Decimal(100 * self.total) / self.valued) if self.valued else None
        return rounded(Decimal(self.total) / self.valued) if self.valued else None


def rounded(value: Any) -> int | float:
    exact = Decimal(value).quantize(HUNDREDTH, ROUND_HALF_UP)
    return int(exact) if exact == int(exact) else float(exact)


@dataclass(frozen=True)
class Row:
    """`key` names the row in an address; `code` is the region's, "" without one.

    `tallies`: metric name → tally; None where the metric failed. `place`: the path of an
    institution's region. `inner`: the region that opens behind the row.
    """

    key: str
    code: str
    name: str
    tallies: Mapping[str, Tally | None]
    place: str = ""
    inner: str = ""

    def figure(self, metric: Metric) -> Figure:
        tally = self.tallies[metric.name]
        return tally.figure(metric) if tally else None


@dataclass(frozen=True)
class Figures:
    """`failed`: the metrics that could not be measured."""

    metrics: Sequence[Metric]
    failed: Sequence[Metric]
    rows: Sequence[Row]
    total: Row


def measured_in(selection: Selection) -> list[Measured]:
    """The metrics of core and of the plugins that act where the classes are held; one query."""
    held = sa.select(Cohort.host_id).where(*selection.conditions())
    hosts = db.session.scalars(sa.select(Institution).where(Institution.id.in_(held))).all()
    active: dict[str, list[int]] = defaultdict(list)
    for host in hosts:
        for metric in metrics_in(host):
            active[metric.name].append(host.id)
    return [
        Measured(metric, active[metric.name], len(active[metric.name]) == len(hosts))
        for metric in metrics_in(hosts)
    ]


def figures_of(question: Question, measured: Sequence[Measured] | None = None) -> Figures:
    """Of `measured`, else of all metrics: one query each and at most four more."""
    if measured is None:
        measured = measured_in(question.selection)
    ground = ground_of(question.selection)
    within = ground.within(question.region)
    enrolments = question.selection.enrolments(within)
    found = {m.metric.name: m.contained(partial(_tallies, m, enrolments)) for m in measured}
    groups = _grouped(ground, question.by, ground.people if within is None else within)
    metrics = [m.metric for m in measured]
    return Figures(
        metrics,
        [metric for metric in metrics if found[metric.name] is None],
        _rows(ground, question.by, groups, found),
        Row("", "", _("Total"), _folded(found, [ALL])),
    )


def _tallies(measured: Measured, enrolments: sa.Select[Any]) -> dict[Any, Tally]:
    """Institution id → its tally, and that of ALL, which no folding has touched."""
    enrolments = measured.of(enrolments)
    values = measured.values(enrolments)
    key, value = values.c
    institution = Enrolment.institution_id
    total = sa.cast(sa.func.coalesce(sa.func.sum(value), 0), sa.Numeric)
    query = (
        sa.select(
            sa.func.grouping(institution), institution, sa.func.count(), total, sa.func.count(value)
        )
        .select_from(sa.outerjoin(Enrolment, values, key == Enrolment.id))
        .where(Enrolment.id.in_(enrolments))
        .group_by(sa.func.rollup(institution))
    )
    rows = db.session.execute(query)
    return {ALL if whole else at: Tally(*numbers) for whole, at, *numbers in rows}


def _folded(
    found: Mapping[str, Mapping[Any, Tally] | None], keys: Iterable[Any]
) -> dict[str, Tally | None]:
    """Metric name → the tallies of `keys` as one."""
    keys = list(keys)
    return {
        name: None if by is None else sum((by.get(key, Tally()) for key in keys), Tally())
        for name, by in found.items()
    }


def _grouped(
    ground: Ground, by: By, institutions: Iterable[int | None]
) -> dict[str, list[int | None]]:
    groups = defaultdict(list)
    for institution_id in institutions:
        groups[ground.key(by, institution_id)].append(institution_id)
    return groups


def _rows(
    ground: Ground, by: By, groups: Mapping[str, list[int | None]], found: Mapping[str, Any]
) -> list[Row]:
    """By code, people without a region first: that is where something is to be mended."""
    if by == "institution":
        names = _names(groups)
        rows = [
            _institution_row(ground, key, names, _folded(found, group))
            for key, group in groups.items()
        ]
    else:
        rows = [_region_row(by, key, _folded(found, group)) for key, group in groups.items()]
    return sorted(rows, key=lambda row: (row.code, row.key != NONE, row.name, row.key))


def _names(keys: Iterable[str]) -> dict[str, str]:
    ids = [int(key) for key in keys if key != NONE]
    query = sa.select(Institution.id, Institution.name).where(Institution.id.in_(ids))
    return {str(key): name for key, name in db.session.execute(query)}


def _institution_row(
    ground: Ground, key: str, names: Mapping[str, str], tallies: Mapping[str, Tally | None]
) -> Row:
    if key == NONE:
        return Row(key, "", _("Without institution"), tallies)
    lies = ground.region(int(key))
    code, place = (lies.code, lies.path) if lies else ("", "")
    return Row(key, code, names.get(key, ""), tallies, place)


def _region_row(by: By, key: str, tallies: Mapping[str, Tally | None]) -> Row:
    code = "" if key == NONE else key
    offices = by == "regency" and len(code) == 2
    return Row(key, code, row_name(by, key), tallies, inner="" if offices else key)


def row_name(by: By, key: str) -> str:
    """A row of regions in words. A place goes by its code where the data no longer know it.

    People of a provincial office are no regency's: they have a row of their own beside those.
    """
    if key == NONE:
        return _("Without region")
    found = region(key)
    name = found.name if found else key
    if by == "regency" and len(key) == 2:
        return _("Province %(name)s (provincial offices)", name=name)
    return name
