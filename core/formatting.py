"""Dates, clocks, numbers and telephones in the words that people here use.

Everything is text for a reader in Indonesian or English (British dates, 24-hour clock).
Nothing here knows the domain, and no time appears without its zone.
"""

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Literal
from zoneinfo import ZoneInfo

from babel import dates, numbers, units
from flask import Flask
from flask_babel import get_locale

MINUS = "\N{MINUS SIGN}"
INDONESIAN_ZONES = ("WIB", "WITA", "WIT")
CLDR = {"id": "id", "en": "en_GB"}
OF = {"id": "dari", "en": "of"}
UNTIL = {"id": " s.d. ", "en": " – "}

Number = int | float | Decimal


def _language(locale: str | None) -> str:
    chosen = locale or str(get_locale() or "id")
    return "en" if chosen.startswith("en") else "id"


def _cldr(locale: str | None) -> str:
    return CLDR[_language(locale)]


def _local(at: datetime, zone: str | None) -> datetime:
    if at.tzinfo is None or zone is None:
        raise ValueError(f"{at} has no zone: give an aware time and the zone to show it in")
    return at.astimezone(ZoneInfo(zone))


def _day(day: date, zone: str | None) -> date:
    """A date as it is; the date that a moment has in `zone`."""
    return _local(day, zone).date() if isinstance(day, datetime) else day


def date_long(day: date, zone: str | None = None, *, locale: str | None = None) -> str:
    """Senin, 23 November 2026. A datetime needs the zone whose date is meant."""
    return dates.format_date(_day(day, zone), "full", locale=_cldr(locale))


def date_short(day: date, zone: str | None = None, *, locale: str | None = None) -> str:
    """23 Nov 2026"""
    return dates.format_date(_day(day, zone), "medium", locale=_cldr(locale))


def date_range(
    first: date, last: date, zone: str | None = None, *, locale: str | None = None
) -> str:
    """23–24 November 2020; 19 Mei s.d. 14 Juni 2024."""
    first, last, cldr = _day(first, zone), _day(last, zone), _cldr(locale)
    end = dates.format_date(last, "d MMMM y", locale=cldr)
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{end}"
    start = dates.format_date(first, "d MMMM" if first.year == last.year else "d MMMM y", cldr)
    return f"{start}{UNTIL[_language(locale)]}{end}"


def _zone_name(at: datetime) -> str:
    """WIB, WITA or WIT; elsewhere the offset, since other abbreviations tell a reader little."""
    if (name := at.tzname()) in INDONESIAN_ZONES:
        return str(name)
    minutes = int((at.utcoffset() or timedelta()).total_seconds()) // 60
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else MINUS}{hours}" + (f":{rest:02}" if rest else "")


def _hands(at: datetime, locale: str | None) -> str:
    return dates.format_time(at.time(), "short", locale=_cldr(locale))


def clock(at: datetime, zone: str, *, locale: str | None = None) -> str:
    """08.00 WITA"""
    local = _local(at, zone)
    return f"{_hands(local, locale)} {_zone_name(local)}"


def clock_pair(
    at: datetime, zone: str, reader_zone: str | None = None, *, locale: str | None = None
) -> str:
    """08.00 WITA (07.00 WIB); the second only where the reader's clock shows another time."""
    return time_range(at, at, zone, reader_zone, locale=locale)


def moment(
    at: datetime, zone: str, reader_zone: str | None = None, *, locale: str | None = None
) -> str:
    """23 Nov 2026 08.00 WITA (07.00 WIB)"""
    day = date_short(at, zone, locale=locale)
    return f"{day} {clock_pair(at, zone, reader_zone, locale=locale)}"


def _span(start: datetime, end: datetime, locale: str | None, *, dated: bool) -> str:
    zone = _zone_name(end)
    first, last = (
        f"{date_short(t.date(), locale=locale)} {_hands(t, locale)}" if dated else _hands(t, locale)
        for t in (start, end)
    )
    if first == last:
        return f"{first} {zone}"
    return f"{first}{UNTIL[_language(locale)] if dated else '–'}{last} {zone}"


def time_range(
    start: datetime,
    end: datetime,
    zone: str,
    reader_zone: str | None = None,
    *,
    locale: str | None = None,
) -> str:
    """10.45–13.00 WITA (09.45–12.00 WIB); with dates where it runs past midnight."""
    here = _local(start, zone), _local(end, zone)
    several_days = here[0].date() != here[1].date()
    text = _span(*here, locale, dated=several_days)
    there = _local(start, reader_zone or zone), _local(end, reader_zone or zone)
    if [t.utcoffset() for t in here] == [t.utcoffset() for t in there]:
        return text
    other_day = [t.date() for t in here] != [t.date() for t in there]
    return f"{text} ({_span(*there, locale, dated=several_days or other_day)})"


def duration(seconds: float, *, locale: str | None = None) -> str:
    """18 mnt 42 dtk; 8 menit; 2 jam 5 menit. Never a dot, and nothing below zero."""
    whole = max(0, int(seconds))
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        parts = [("hour", hours), ("minute", minutes)]
    else:
        parts = [("minute", minutes), ("second", whole % 60)]
    shown = [part for part in parts if part[1]] or [("second", 0)]
    length: Literal["short", "long"] = "short" if len(shown) == 2 and not hours else "long"
    return " ".join(
        units.format_unit(n, f"duration-{unit}", length, format="0", locale=_language(locale))
        for unit, n in shown
    )


def _decimal(value: Number, digits: int, locale: str | None, pattern: str = "{}") -> str:
    """Rounded as people round, half away from zero; a true minus."""
    with localcontext() as context:
        context.rounding = ROUND_HALF_UP
        places = pattern.format("#,##0" + ("." + "#" * digits if digits else ""))
        text = numbers.format_decimal(Decimal(str(value)), places, locale=_cldr(locale))
    return "0" if text == "-0" else text.replace("-", MINUS)


def number(value: Number, digits: int = 2, *, locale: str | None = None) -> str:
    """11.804; 73,52. At most `digits` decimals."""
    return _decimal(value, digits, locale)


def percent(share: Number, digits: int = 0, *, locale: str | None = None) -> str:
    """69% from a share of one: 0.69."""
    return _decimal(share, digits, locale, "{}%")


def change(value: Number, digits: int = 2, *, locale: str | None = None) -> str:
    """+3; −3; 0."""
    text = number(value, digits, locale=locale)
    return f"+{text}" if value > 0 and text != "0" else text


def part_of(part: Number, whole: Number, *, locale: str | None = None) -> str:
    """36 dari 43"""
    word = OF[_language(locale)]
    return f"{number(part, locale=locale)} {word} {number(whole, locale=locale)}"


def filesize(size: int, *, locale: str | None = None) -> str:
    """148 kB; 1,2 MB. Thousands of bytes, as phones and mail programs count."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{number(value, 1 if unit != 'B' and value < 10 else 0, locale=locale)} {unit}"


def _national(e164: str) -> str:
    return "0" + e164[3:] if e164.startswith("+62") else e164


def _grouped(digits: str) -> str:
    return f"{digits[:4]}-{digits[4:8]}-{digits[8:]}" if digits.startswith("08") else digits


def phone(e164: str | None) -> str:
    """0812-3456-7890 from +6281234567890; landlines and foreign numbers ungrouped."""
    return _grouped(_national(e164 or ""))


def phone_masked(e164: str | None) -> str:
    """0812-3456-••90"""
    digits = _national(e164 or "")
    return _grouped(f"{digits[:-4]}••{digits[-2:]}") if digits else ""


TIMES = (date_long, date_short, date_range, clock, clock_pair, moment, time_range, duration)
FIGURES = (number, percent, change, part_of, filesize, phone, phone_masked)


def register(app: Flask) -> None:
    """Every function above as a Jinja filter of its own name."""
    app.jinja_env.filters.update({function.__name__: function for function in TIMES + FIGURES})
