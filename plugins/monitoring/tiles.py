"""The map of the provinces as tiles: where each stands, its short name, its island group."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from core.api import Metric
from plugins.monitoring.figures import Figure, Row, row_name

# Short name, column, row; in each group by code.
ISLANDS = (
    (_l("Sumatra"), {
        "11": ("Aceh", 1, 1), "12": ("Sumut", 1, 2), "13": ("Sumbar", 1, 3), "14": ("Riau", 2, 2),
        "15": ("Jambi", 2, 3), "16": ("Sumsel", 2, 4), "17": ("Bengkulu", 1, 4),
        "18": ("Lampung", 2, 5), "19": ("Babel", 3, 4), "21": ("Kepri", 3, 2),
    }),
    (_l("Java"), {
        "31": ("DKI", 4, 6), "32": ("Jabar", 4, 7), "33": ("Jateng", 5, 6), "34": ("DIY", 5, 7),
        "35": ("Jatim", 6, 6), "36": ("Banten", 3, 6),
    }),
    (_l("Bali and Nusa Tenggara"), {
        "51": ("Bali", 7, 7), "52": ("NTB", 8, 7), "53": ("NTT", 9, 7),
    }),
    (_l("Kalimantan"), {
        "61": ("Kalbar", 5, 2), "62": ("Kalteng", 5, 3), "63": ("Kalsel", 6, 3),
        "64": ("Kaltim", 6, 2), "65": ("Kaltara", 6, 1),
    }),
    (_l("Sulawesi"), {
        "71": ("Sulut", 9, 1), "72": ("Sulteng", 8, 2), "73": ("Sulsel", 8, 4),
        "74": ("Sultra", 9, 3), "75": ("Gorontalo", 8, 1), "76": ("Sulbar", 8, 3),
    }),
    (_l("Maluku"), {"81": ("Maluku", 10, 4), "82": ("Malut", 10, 2)}),
    (_l("Papua"), {
        "91": ("Papua", 13, 3), "92": ("Pabar", 12, 3), "93": ("Papsel", 13, 5),
        "94": ("Papteng", 12, 4), "95": ("Papeg", 13, 4), "96": ("PBD", 11, 3),
    }),
)  # fmt: skip
# A share is good, fair or poor from here on.
GOOD, FAIR = 75, 50


@dataclass(frozen=True)
class Tile:
    """`level`: 3 good, 2 fair, 1 poor; 0 where a figure is no share. `row`: None has no people."""

    code: str
    short: str
    name: str
    place: str
    row: Row | None
    figure: Figure
    level: int


def tile_map(rows: Sequence[Row], metric: Metric) -> list[tuple[str, list[Tile]]]:
    """(island group, its tiles): every province has one, whether anybody comes from there."""
    by_code = {row.code: row for row in rows}
    return [(str(name), list(_tiles(places, by_code, metric))) for name, places in ISLANDS]


def _tiles(
    places: Mapping[str, tuple[str, int, int]], by_code: Mapping[str, Row], metric: Metric
) -> Iterator[Tile]:
    for code, (short, x, y) in places.items():
        row = by_code.get(code)
        figure = row.figure(metric) if row else None
        level = _level(figure) if metric.how == "share" else 0
        yield Tile(code, short, row_name("province", code), f"x{x} y{y}", row, figure, level)


def _level(share: Figure) -> int:
    if share is None:
        return 0
    return 3 if share >= GOOD else 2 if share >= FAIR else 1
