"""The pages: figures of an institution or of one class, their files, and the people behind them.

Each address exists twice, below an institution and below a class: the guard has looked it up.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Response, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from core.api import (
    Cohort,
    Institution,
    can,
    csv_answer,
    one_line,
    paths_where,
    plugin_is_active,
    requires,
    tops,
    xlsx_answer,
)
from plugins.monitoring import chart as drawing
from plugins.monitoring.blueprint import pages
from plugins.monitoring.figures import Question, figures_of, measured_in, row_name
from plugins.monitoring.forms import FilterForm
from plugins.monitoring.people import PAGE, Part, key_of, people_behind
from plugins.monitoring.selection import NONE, By
from plugins.monitoring.tables import shown, table
from plugins.monitoring.tiles import FAIR, GOOD, tile_map
from plugins.regions.api import regions_of

# Every regency of the country with the provinces' offices; more is for a file or a region.
MOST_ROWS = 600
REGION = re.compile(r"[0-9]{2}(\.[0-9]{2})?|none|")
TITLES = {
    "province": _l("Figures by province"),
    "regency": _l("Figures by regency and city"),
    "institution": _l("Figures by institution"),
}
Way = list[tuple[str, str | None]]


@pages.get("/")
@requires("monitoring.view")
def start() -> ResponseReturnValue:
    """The highest institution of the reader, or the choice where there are several."""
    highest = tops(paths_where(current_user, "monitoring.view"))
    found = [one for one in highest if plugin_is_active("monitoring", one)]
    if len(found) == 1:
        return redirect(url_for("monitoring.figures", institution_id=found[0].id))
    return render_template("monitoring/start.html", institutions=found)


@pages.get("/institutions/<int:institution_id>")
@pages.get("/classes/<cohort_code>")
@requires("monitoring.view")
def figures(**_place: Any) -> ResponseReturnValue:
    """Totals, map, chart and table; each number leads to its list, each place one level down."""
    form = _filters()
    if not form.validate():
        return _page("refused", form)
    question = _question(form)
    found = figures_of(question)
    metric = form.offer_metrics(found.metrics)
    bars = list(drawing.bars(found.rows, metric))
    return _page(
        "figures",
        form,
        question=question,
        found=found,
        rows=found.rows[:MOST_ROWS],
        metric=metric,
        tiles=tile_map(found.rows, metric)
        if question.by == "province" and not question.region
        else [],
        thresholds=(GOOD, FAIR),
        chart_size=(drawing.WIDTH, bars[-1].bottom) if len(bars) > 1 else None,
        shown=shown,
    )


@pages.get("/institutions/<int:institution_id>/figures.csv")
@pages.get("/classes/<cohort_code>/figures.csv")
@requires("monitoring.view")
def figures_csv(**_place: Any) -> ResponseReturnValue:
    question = _asked()
    return csv_answer(table(figures_of(question), question.by), _file_name(question))


@pages.get("/institutions/<int:institution_id>/figures.xlsx")
@pages.get("/classes/<cohort_code>/figures.xlsx")
@requires("monitoring.view")
def figures_xlsx(**_place: Any) -> ResponseReturnValue:
    question = _asked()
    rows = table(figures_of(question), question.by)
    return xlsx_answer(rows, _file_name(question), sheet=_("Figures"))


@pages.get("/institutions/<int:institution_id>/chart.svg")
@pages.get("/classes/<cohort_code>/chart.svg")
@requires("monitoring.view")
def chart(**_place: Any) -> ResponseReturnValue:
    """The picture of the chosen metric; it may use its own style, and nothing else."""
    form = _filters()
    question = _asked(form)
    offered = measured_in(question.selection)
    metric = form.offer_metrics([one.metric for one in offered])
    found = figures_of(question, [one for one in offered if one.metric == metric])
    drawn = render_template(
        "monitoring/chart.svg",
        title=metric.title,
        bars=list(drawing.bars(found.rows, metric)),
        width=drawing.WIDTH,
        track=drawing.TRACK,
    )
    policy = {"Content-Security-Policy": drawing.POLICY}
    return Response(drawn, mimetype="image/svg+xml", headers=policy)


@pages.get("/institutions/<int:institution_id>/list")
@pages.get("/classes/<cohort_code>/list")
@requires("monitoring.view")
def people(**_place: Any) -> ResponseReturnValue:
    """Who is behind a number, or who is missing in it; only of classes that the reader may see."""
    form = _filters()
    question = _readable(_asked(form))
    by_name = {one.metric.name: one for one in measured_in(question.selection)}
    measured = by_name.get(request.args.get("metric", "")) or abort(404)
    part = Part(one_line(request.args.get("row", "")), request.args.get("counted") != "no")
    found = people_behind(question, measured, part, after=_after(question))
    return _page(
        "people",
        form,
        question=question,
        metric=measured.metric,
        part=part,
        found=found,
        place=_called(question.by, part.row),
        last=found[-1].enrolment.id if found and len(found) == PAGE else None,
        shown=shown,
    )


# What the address asks for


def _filters() -> FilterForm:
    return FilterForm.at(g.scope, request.args, by=_default_by(_region()))


def _region() -> str:
    code = request.args.get("region", "")
    return code if REGION.fullmatch(code) else abort(404)


def _default_by(region: str) -> By:
    """One level below what is shown; an institution that lies in a province begins there."""
    if region:
        return "regency" if len(region) == 2 else "institution"
    home: Institution = g.scope.plugin_institution
    return "regency" if regions_of([home.id]) else "province"


def _question(form: FilterForm) -> Question:
    return Question(form.selection(), form.by.data, _region())


def _asked(form: FilterForm | None = None) -> Question:
    """For what hangs on a page: its address is right, or it is not there."""
    form = form or _filters()
    return _question(form) if form.validate() else abort(404)


def _readable(question: Question) -> Question:
    """The same where names are shown: of a class, or of classes by the reader's roles."""
    if isinstance(g.scope, Cohort):
        return question if can(current_user, "cohorts.view", g.scope) else abort(403)
    reader = current_user._get_current_object()
    return replace(question, selection=replace(question.selection, reader=reader))


def _after(question: Question) -> tuple[str, int] | None:
    """Where the page before this one ended; the name of the last one stays out of the address."""
    last = request.args.get("after", 0, type=int)
    return key_of(question.selection, last) if 0 < last < 2**63 else None


# What every page needs


def _page(template: str, form: FilterForm, **context: Any) -> str:
    """A page with its filters, its way, and `to(view, …)` for addresses that keep the filters."""
    region = _region()
    to = partial(_address, {**form.kept(), "region": region or None})
    place = g.scope
    return render_template(
        f"monitoring/{template}.html",
        form=form,
        region=region,
        region_name=row_name("province", region) if region else "",
        place_name=place.title if isinstance(place, Cohort) else place.name,
        call_number=region if region and region != NONE else getattr(place, "code", "") or "",
        title=TITLES.get(form.by.data, _("Figures")),
        way=_way(region, to),
        to=to,
        plain_url=url_for("monitoring.figures", **request.view_args or {}),
        **context,
    )


def _address(kept: dict[str, Any], view: str, **changes: Any) -> str:
    """Of the same place; None takes a filter out."""
    return url_for(f"monitoring.{view}", **request.view_args or {}, **{**kept, **changes})


def _way(region: str, to: Callable[..., str]) -> Way:
    """The levels from the top down to what is shown."""
    place = g.scope
    above: Way
    if isinstance(place, Cohort):
        above = [
            (_("Classes"), url_for("cohorts.listing")),
            (place.code, url_for("cohorts.manage", cohort_code=place.code)),
        ]
        name = _("Figures")
    else:
        above = [(_("Monitoring"), url_for("monitoring.start"))]
        name = place.short_name
    levels = [level for level in (region[:2] if region != NONE else "", region) if level]
    inner = [
        (row_name("province", level), to("figures", region=level, by=None))
        for level in dict.fromkeys(levels)
    ]
    return [*above, (name, to("figures", region=None, by=None)), *inner]


def _called(by: By, key: str) -> str:
    """A row in words where its key tells; an institution is named by the people of the list."""
    return row_name(by, key) if key and by != "institution" else ""


def _file_name(question: Question) -> str:
    place = g.scope
    name = place.code if isinstance(place, Cohort) else place.code or place.short_name
    return "-".join(filter(None, ["monitoring", name, question.region, question.by]))
