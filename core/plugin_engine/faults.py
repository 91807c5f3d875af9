"""Turns what went wrong with a plugin into words: what it is, in which file, what to do next.

For the start, where the fault leaves the plugin out; what fails later is in `failures`.
"""

import inspect
import re
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pluggy

from core.plugin_engine.discovery import Problem
from core.plugin_engine.guard import MissingAccessRule
from core.plugin_engine.manifest import Manifest
from core.plugin_engine.time_limit import TookTooLong

LONGEST = 400


class PluginFault(Exception):
    """Something a plugin brings that cannot be taken in; the sentence says what.

    `at`: the function, class or file at fault; or `hook`: the one that gave it.
    """

    def __init__(self, message: str, at: Any = None, *, hook: str = "", step: str = "") -> None:
        super().__init__(message)
        self.at, self.hook, self.step = at, hook, step


def problem_of(error: BaseException, manifest: Manifest) -> Problem:
    """Why `manifest` is left out, after its import, its hooks or the checks raised `error`."""
    path, line = _place(error, manifest)
    return Problem(manifest.name, _message(error), path, _step(error, manifest, path), line)


def _message(error: BaseException) -> str:
    if isinstance(error, PluginFault | MissingAccessRule):
        return str(error)
    if isinstance(error, TookTooLong):
        return f"it could not be loaded: {error}"
    if isinstance(error, pluggy.PluginValidationError):
        return f"a hook does not fit its specification: {' '.join(str(error).split())}"
    return f"{type(error).__name__}: {_words(error)}"


def _words(error: BaseException) -> str:
    """The text of an exception in one line; a plugin's own class may fail even here."""
    try:
        return " ".join(str(error).split())[:LONGEST]
    except Exception:
        return "(its text could not be read)"


def _step(error: BaseException, manifest: Manifest, path: Path) -> str:
    file = path.name if path.is_file() else "the plugin"
    if isinstance(error, PluginFault) and error.step:
        return error.step
    if isinstance(error, TookTooLong):
        return f"Take the waiting out of {file} or raise BIMTEK_PLUGIN_LOAD_SECONDS, then restart."
    if isinstance(error, ModuleNotFoundError) and not _is_own(error.name or "", manifest):
        return f"Install what brings '{error.name}' with pip, or correct {file}; then restart."
    return f"Correct {file}, then restart."


def _is_own(module: str, manifest: Manifest) -> bool:
    return module == manifest.module or module.startswith((f"{manifest.module}.", "core."))


def _place(error: BaseException, manifest: Manifest) -> tuple[Path, int | None]:
    """The file and line at fault, else the file that lists what the plugin brings."""
    found: tuple[Path, int | None] | None = None
    if isinstance(error, PluginFault):
        found = source_of(error.at or _hook(manifest, error.hook))
    elif isinstance(error, MissingAccessRule):
        found = source_of(error.view)
    elif isinstance(error, pluggy.PluginValidationError):
        found = source_of(_hook(manifest, _hook_named_in(str(error))))
    elif isinstance(error, SyntaxError) and error.filename:
        found = Path(error.filename), error.lineno
    else:
        found = own_frame(error, manifest.path)
    if found and found[0].is_relative_to(manifest.path):
        return found
    hooks = manifest.path / "hooks.py"
    return (hooks if hooks.is_file() else manifest.path), None


def own_frame(error: BaseException, folder: Path) -> tuple[Path, int | None] | None:
    """The innermost place in `folder` that the error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(folder)]
    return (Path(own[-1].filename), own[-1].lineno) if own else None


def source_of(thing: Any) -> tuple[Path, int | None] | None:
    """The file and the first line of a function or class; of a path itself."""
    if thing is None or isinstance(thing, Path):
        return (thing, None) if thing else None
    with suppress(Exception):  # Things made at run time have no source.
        found = inspect.unwrap(thing) if callable(thing) and not inspect.isclass(thing) else thing
        return Path(inspect.getfile(found)), inspect.getsourcelines(found)[1]
    return None


def _hook(manifest: Manifest, name: str) -> Callable[..., Any] | None:
    hooks = sys.modules.get(f"{manifest.module}.hooks")
    return getattr(hooks, name, None) if name else None


def _hook_named_in(text: str) -> str:
    found = re.search(r"for hook '(\w+)'", text)
    return found[1] if found else ""
