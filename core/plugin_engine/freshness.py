"""What lies on disk but is not what this process runs: it needs a restart.

Reads the manifests again, never a plugin's code, and only for the pages that say so.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal

from flask import current_app

from core.plugin_engine.discovery import BUNDLED, ENTRY_POINTS, further_folders
from core.plugin_engine.engine import Engine
from core.plugin_engine.manifest import Manifest, ManifestError, read


@dataclass(frozen=True)
class News:
    """`version` is what lies on disk; empty where that cannot be told, or nothing does."""

    plugin: str
    kind: Literal["new", "other", "gone"]
    version: str = ""


def news(engine: Engine) -> dict[str, News]:
    """Plugin → what a restart would change about it."""
    if current_app.config["SAFE_MODE"]:
        return {}
    known = engine.manifests.keys() | {problem.plugin for problem in engine.problems}
    found = [*_changed(engine.manifests.values()), *_in_folders(known), *_in_packages(known)]
    return {one.plugin: one for one in reversed(found)}


def _changed(manifests: Iterable[Manifest]) -> Iterator[News]:
    for manifest in manifests:
        if not (manifest.path / "plugin.toml").is_file():
            yield News(manifest.name, "gone")
            continue
        version = _version(manifest.path, manifest.module, manifest.name)
        if version != str(manifest.version):
            yield News(manifest.name, "other", version)


def _in_folders(known: Collection[str]) -> Iterator[News]:
    bundled = [BUNDLED] if current_app.config["BUNDLED_PLUGINS"] else []
    for root in (*bundled, *further_folders(current_app.config)):
        for file in sorted(root.glob("*/plugin.toml")):
            name = file.parent.name
            if name not in known:
                yield News(name, "new", _version(file.parent, f"plugins.{name}", name))


def _in_packages(known: Collection[str]) -> Iterator[News]:
    for point in entry_points(group=ENTRY_POINTS):
        if point.name not in known:
            yield News(point.name, "new", point.dist.version if point.dist else "")


def _version(folder: Path, module: str, name: str) -> str:
    """Empty where the manifest cannot be read: the next start will say why."""
    try:
        return str(read(folder, module, name).version)
    except ManifestError:
        return ""
