"""Finds plugins: bundled folders, configured folders, installed distributions.

No plugin is imported here, and an app sees only its own folders; how a plugin of another
folder becomes importable is the loader's business.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import plugins
from core.plugin_engine.manifest import Manifest, ManifestError, read

ENTRY_POINTS = "bimtek.plugins"
BUNDLED = Path(str(plugins.__file__)).parent


@dataclass(frozen=True)
class Problem:
    """Why a plugin is left out. `step` says what to do next."""

    plugin: str
    message: str
    path: Path | None = None
    step: str = ""


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
            problems.append(Problem(root.name, f"the plugin folder {root} is not there", root))
        for file in sorted(root.glob("*/plugin.toml")):
            yield _Place(file.parent, f"plugins.{file.parent.name}", file.parent.name)


def _package_folder(module: str) -> Path | None:
    try:
        spec = find_spec(module)
    except Exception:
        # Finding "a.b" imports "a", which may fail in any way.
        return None
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def _installed(problems: list[Problem]) -> Iterator[_Place]:
    for point in entry_points(group=ENTRY_POINTS):
        if folder := _package_folder(point.module):
            yield _Place(folder, point.module, point.name)
        else:
            problems.append(Problem(point.name, f"entry point names no package: {point.value}"))


def discover(extra: Iterable[Path] = (), *, bundled: bool = True) -> Discovery:
    """Every manifest that can be read; a name found twice belongs to the first."""
    problems: list[Problem] = []
    found: dict[str, Manifest] = {}
    roots = [*([BUNDLED] if bundled else []), *(root.resolve() for root in extra)]
    for place in (*_in_folders(dict.fromkeys(roots), problems), *_installed(problems)):
        try:
            manifest = read(place.folder, place.module, place.name)
        except ManifestError as error:
            problems += [
                Problem(place.name, f"plugin.toml: {fault}", place.folder) for fault in error.faults
            ]
            continue
        if manifest.name in found:
            text = f"the name is taken by {found[manifest.name].path}; rename one"
            problems.append(Problem(manifest.name, text, place.folder))
            continue
        found[manifest.name] = manifest
    return Discovery(tuple(found.values()), tuple(problems))
