"""How a course is laid out for reading: materials 1, 2, parts A, B, C and their locators.

A plain view of what is stored; it decides nothing about progress.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from string import ascii_uppercase

from core.courses.models import Activity, Course, Section


@dataclass(frozen=True)
class Part:
    """Activities that belong together; `locator` such as "1A", empty without a heading."""

    locator: str
    title: str
    activities: tuple[Activity, ...]


@dataclass(frozen=True)
class Material:
    """A section; `number` counts the numbered ones, None for the others."""

    section: Section
    number: int | None
    parts: tuple[Part, ...]


def _parts(section: Section, number: int | None) -> Iterator[Part]:
    letters = iter(ascii_uppercase)
    for title, activities in groupby(section.activities, key=lambda activity: activity.part):
        locator = f"{number}{next(letters, '')}" if title and number else ""
        yield Part(locator, title, tuple(activities))


def outline(course: Course) -> list[Material]:
    materials = []
    number = 0
    for section in course.sections:
        number += section.numbered
        shown = number if section.numbered else None
        materials.append(Material(section, shown, tuple(_parts(section, shown))))
    return materials


def locators(course: Course) -> dict[int, str]:
    """Activity id → locator such as "1B"; empty where there is none."""
    return {
        activity.id: part.locator
        for material in outline(course)
        for part in material.parts
        for activity in part.activities
    }
