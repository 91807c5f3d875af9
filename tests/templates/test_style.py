"""The style sheets and the script: contrast of the tokens, weight, sameness of the themes."""

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "core/static"

TEXT_ON = [
    ("ink", "paper"),
    ("ink", "card"),
    ("ink-2", "paper"),
    ("ink-2", "card"),
    ("ink-2", "mute"),
    ("nila", "paper"),
    ("nila", "card"),
    ("nila", "nila-soft"),
    ("nila-2", "card"),
    ("on-nila", "nila"),
    ("ok", "ok-soft"),
    ("warn", "warn-soft"),
    ("bad", "bad-soft"),
    ("bad", "card"),
]
EDGE_ON = [("edge", "card"), ("edge", "paper"), ("tick", "card")]


def tokens(sheet: str) -> dict[str, str]:
    """Name to six-digit colour, of the first block of `sheet`."""
    first = (STATIC / sheet).read_text().partition("}")[0]
    found = dict(re.findall(r"--([\w-]+):#([0-9a-f]+)", first))
    return {name: value if len(value) == 6 else value * 2 for name, value in found.items()}


def luminance(colour: str) -> float:
    shares = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    r, g, b = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    """The formula of WCAG 2.2."""
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("sheet", ["bimtek.css", "dark.css"])
def test_text_and_edges_can_be_seen_in_both_themes(sheet: str) -> None:
    found = tokens(sheet)

    faint = [
        (front, back)
        for pairs, need in ((TEXT_ON, 4.5), (EDGE_ON, 3))
        for front, back in pairs
        if contrast(found[front], found[back]) < need
    ]

    assert faint == []


def test_dark_theme_gives_every_token_a_value() -> None:
    assert tokens("dark.css").keys() == tokens("bimtek.css").keys()


def test_rules_use_tokens_and_no_colours_of_their_own() -> None:
    rules = (STATIC / "bimtek.css").read_text().partition("}")[2]
    rules += (STATIC / "tiles.css").read_text()

    assert set(re.findall(r"#[0-9a-f]{3,8}\b", rules)) <= {"#0000", "#fff"}


@pytest.mark.parametrize(("path", "most"), [("bimtek.css", 12_500), ("js/app.js", 2_000)])
def test_what_every_page_loads_stays_light(path: str, most: int) -> None:
    assert (STATIC / path).stat().st_size <= most
