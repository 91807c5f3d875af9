"""Finds plugins: bundled folders, configured folders, installed distributions.

No plugin is imported here, and an app sees only its own folders; how a plugin of another
folder becomes importable is the loader's business.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import plugins
from core.plugin_engine.manifest import Manifest, ManifestError, read
from core.plugin_engine.time_limit import TookTooLong, at_most

ENTRY_POINTS = "bimtek.plugins"
BUNDLED = Path(str(plugins.__file__)).parent


@dataclass(frozen=True)
class Problem:
    """Why a plugin is left out. `path` is the file at fault, or the plugin's folder where no
    file is known; `step` says what to do next."""

    plugin: str
    message: str
    path: Path | None = None
    step: str = ""
    line: int | None = None

    @property
    def file(self) -> str:
        """Where the fault is, seen from the plugin's folder: "quizzes/hooks.py, line 3"."""
        if self.path is None:
            return ""
        parts = self.path.parts
        own = [
            at
            for at, part in enumerate(parts)
            if part == self.plugin and parts[at - 1] != "templates"
        ]
        name = "/".join(parts[own[-1] :] if own else parts[-2:])
        return f"{name}, line {self.line}" if self.line else name

    @property
    def sentence(self) -> str:
        """The message, the whole path and the next step, as the log and the doctor say it."""
        line = f", line {self.line}" if self.line else ""
        where = f" ({self.path}{line})" if self.path else ""
        return f"{self.message.rstrip('.')}{where}. {self.step}".rstrip()


@dataclass(frozen=True)
class Discovery:
    manifests: tuple[Manifest, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _Place:
    """Where a plugin lies, how it is imported, and the name it must carry."""

    folder: Path
    module: str
    name: str


def _in_folders(roots: Iterable[Path], problems: list[Problem]) -> Iterator[_Place]:
    for root in roots:
        if not root.is_dir():
            text = f"the plugin folder {root} is not there"
            step = "Make the folder or correct BIMTEK_PLUGIN_FOLDERS, then restart."
            problems.append(Problem(root.name, text, root, step))
        for file in sorted(root.glob("*/plugin.toml")):
            yield _Place(file.parent, f"plugins.{file.parent.name}", file.parent.name)


def _package_folder(module: str, seconds: float) -> Path | None:
    try:
        with at_most(seconds):
            spec = find_spec(module)
    except (Exception, SystemExit, TookTooLong):
        # Finding "a.b" imports "a", which may fail in any way.
        return None
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def _installed(problems: list[Problem], seconds: float) -> Iterator[_Place]:
    for point in entry_points(group=ENTRY_POINTS):
        if folder := _package_folder(point.module, seconds):
            yield _Place(folder, point.module, point.name)
        else:
            text = f"entry point names no package: {point.value}"
            step = "Correct the entry point or remove the distribution with pip, then restart."
            problems.append(Problem(point.name, text, step=step))


def _unreadable(place: _Place, fault: str) -> Problem:
    file = place.folder / "plugin.toml"
    return Problem(place.name, f"plugin.toml: {fault}", file, "Correct plugin.toml, then restart.")


def further_folders(config: Mapping[str, Any]) -> list[Path]:
    """The folders of plugins that the operator named, by an app's configuration."""
    return [Path(part) for part in config["PLUGIN_FOLDERS"].split(os.pathsep) if part]


def discover(extra: Iterable[Path] = (), *, bundled: bool = True, seconds: float = 0) -> Discovery:
    """Every manifest that can be read; a name found twice belongs to the first.

    `seconds` limit how long finding a distribution may take.
    """
    problems: list[Problem] = []
    found: dict[str, Manifest] = {}
    roots = [*([BUNDLED] if bundled else []), *(root.resolve() for root in extra)]
    for place in (*_in_folders(dict.fromkeys(roots), problems), *_installed(problems, seconds)):
        try:
            manifest = read(place.folder, place.module, place.name)
        except ManifestError as error:
            problems += [_unreadable(place, fault) for fault in error.faults]
            continue
        if manifest.name in found:
            text = f"the name is taken by {found[manifest.name].path}"
            step = "Remove or rename one of the two, then restart."
            problems.append(Problem(manifest.name, text, place.folder, step))
            continue
        found[manifest.name] = manifest
    return Discovery(tuple(found.values()), tuple(problems))
