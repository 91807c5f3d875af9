"""The figures as bars, laid out on the server for `chart.svg`: no script, nothing from elsewhere.

The page shows the picture by <img>, where no style of the page reaches; it carries its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from core.api import Metric
from plugins.monitoring.figures import Row
from plugins.monitoring.tables import shown

MOST = 40
# As wide as a card on a phone, so that the letters stay as large as the page's.
WIDTH, TRACK = 340, 268
LINE, BAR, GAP = 18, 12, 16
LETTERS = 46
# What the picture may load when somebody opens it by itself: nothing but its own style.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Bar:
    """`top`: where its name begins. `start` and `length`: the bar on its track."""

    lines: Sequence[str]
    top: int
    start: float
    length: float
    text: str

    @property
    def bar_top(self) -> int:
        return self.top + LINE * len(self.lines) + 2

    @property
    def bottom(self) -> int:
        return self.bar_top + BAR + GAP


def charted(rows: Sequence[Row], metric: Metric) -> list[tuple[Row, float]]:
    """The rows that a chart shows with their figures, the highest first."""
    found = [(row, row.figure(metric)) for row in rows]
    having = [(row, float(figure)) for row, figure in found if figure is not None]
    return sorted(having, key=lambda pair: -pair[1])[:MOST]


def bars(rows: Sequence[Row], metric: Metric) -> Iterator[Bar]:
    """From the top down, all on one scale that holds zero and for per cent the whole."""
    chosen = charted(rows, metric)
    figures = [figure for _row, figure in chosen]
    low = min([0.0, *figures])
    high = max([100.0 if metric.unit == "%" else 0.0, *figures])
    scale = TRACK / ((high - low) or 1)
    top = 0
    for row, figure in chosen:
        start = (min(figure, 0) - low) * scale
        name = wrap(f"{row.code} {row.name}".strip(), LETTERS) or [""]
        bar = Bar(name, top, round(start, 1), round(abs(figure) * scale, 1), shown(figure, metric))
        top = bar.bottom
        yield bar
