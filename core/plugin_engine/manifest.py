"""Reads `plugin.toml` without importing the plugin.

An unknown key is an error with a near-match hint, so that a slip never passes silently.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
# Taken by core's pages, permissions, commands, or by PostgreSQL's own schemas.
RESERVED = frozenset((
    "apply", "archives", "bootstrap", "cohorts", "core", "courses", "db", "demo", "grants",
    "information_schema", "institutions", "jobs", "manage", "people", "plugins", "public", "review",
    "roles", "security", "serve", "settings", "site", "static", "users", "web", "worker",
))  # fmt: skip
REQUIRED = ("name", "version", "title", "requires_core")


class ManifestError(Exception):
    """One or more faults in a manifest, each a phrase that names the key."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        self.path = path
        self.faults = faults
        super().__init__("; ".join(faults))


@dataclass(frozen=True)
class Manifest:
    """What a plugin says about itself. `requires` and `after`: name → version range."""

    name: str
    version: Version
    title: str
    requires_core: SpecifierSet
    path: Path
    module: str
    summary: str = ""
    category: str = ""
    icon: str = "plug"
    license: str = ""
    application: bool = True
    auto_install: bool = False
    titles: Mapping[str, str] = field(default_factory=dict)
    summaries: Mapping[str, str] = field(default_factory=dict)
    requires: Mapping[str, SpecifierSet] = field(default_factory=dict)
    after: Mapping[str, SpecifierSet] = field(default_factory=dict)
    external: tuple[str, ...] = ()

    def title_in(self, locale: str) -> str:
        return self.titles.get(locale, self.title)

    def summary_in(self, locale: str) -> str:
        return self.summaries.get(locale, self.summary)


KEYS = tuple(f.name for f in fields(Manifest) if f.name not in {"path", "module"})
_TYPES: Mapping[str, type] = {
    "name": str, "version": str, "title": str, "requires_core": str, "summary": str,
    "category": str, "icon": str, "license": str, "application": bool, "auto_install": bool,
    "titles": dict, "summaries": dict, "requires": dict, "after": dict, "external": dict,
}  # fmt: skip


_WORDS = {str: "a text", bool: "true or false", dict: "a table"}


def _unknown(key: str) -> str:
    near = difflib.get_close_matches(key, KEYS, n=1)
    return f"unknown key '{key}'" + (f", did you mean '{near[0]}'?" if near else "")


def _shape_faults(raw: Mapping[str, Any]) -> list[str]:
    faults = [_unknown(key) for key in raw if key not in KEYS]
    faults += [f"'{key}' is missing" for key in REQUIRED if not raw.get(key)]
    faults += [
        f"'{key}' must be {_WORDS[kind]}"
        for key, kind in _TYPES.items()
        if key in raw and not isinstance(raw[key], kind)
    ]
    return faults or _external_faults(raw.get("external", {}))


def _external_faults(external: Mapping[str, Any]) -> list[str]:
    packages = external.get("python", [])
    if external.keys() <= {"python"} and isinstance(packages, list):
        return []
    return ['[external] knows one key: python = ["a distribution", …]']


def name_faults(name: str, expected: str) -> list[str]:
    if not NAME.fullmatch(name):
        return [f"'{name}' is not a possible name: use 2 to 40 small letters, digits and _"]
    if name in RESERVED or name.startswith("pg_"):
        return [f"the name '{name}' is reserved; choose another"]
    return [] if name == expected else [f"name '{name}' differs from where it lies: '{expected}'"]


def _range(where: str, text: object, faults: list[str]) -> SpecifierSet:
    try:
        return SpecifierSet(str(text), prereleases=True)
    except InvalidSpecifier:
        faults.append(f"{where}: '{text}' is not a version range such as '>=1.0,<2'")
        return SpecifierSet()


def _version(text: str, faults: list[str]) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        faults.append(f"'{text}' is not a version such as '1.2.0'")
        return Version("0")


def parse(text: str, path: Path, module: str, name: str) -> Manifest:
    """The manifest in `text`, of the plugin `name`. Raises ManifestError with every fault."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(path, [f"not readable as TOML: {error}"]) from error
    if faults := _shape_faults(raw):
        raise ManifestError(path, faults)
    faults = name_faults(raw["name"], name)
    values = dict(raw)
    values["version"] = _version(raw["version"], faults)
    values["requires_core"] = _range("requires_core", raw["requires_core"], faults)
    for table in ("requires", "after"):
        values[table] = {
            other: _range(f"{table}.{other}", spec, faults)
            for other, spec in raw.get(table, {}).items()
        }
    if values.get("auto_install") and not values["requires"]:
        faults.append("'auto_install' is for a plugin that links others; name them in [requires]")
    values["external"] = tuple(raw.get("external", {}).get("python", ()))
    if faults:
        raise ManifestError(path, faults)
    return Manifest(path=path, module=module, **values)


def read(folder: Path, module: str, name: str) -> Manifest:
    """The manifest of the plugin `name` in `folder`, importable as `module`."""
    file = folder / "plugin.toml"
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(folder, [f"cannot be read: {error}"]) from error
    return parse(text, folder, module, name)
