"""Writes docs/plugins/reference.md from the code: every hook, every name of `core.api`.

`python -m core.plugin_engine.reference` writes it; a test fails when it is stale.
"""

import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

from core.plugin_engine.loader import SPECS

FILE = Path("docs/plugins/reference.md")
HEAD = """# Reference

Written by `python -m core.plugin_engine.reference` from the code; do not edit by hand.
"""


def _hooks(module: Any) -> Iterator[FunctionType]:
    for value in vars(module).values():
        if isinstance(value, FunctionType) and hasattr(value, "mode"):
            yield value


def _hook(function: FunctionType) -> str:
    arguments = ", ".join(inspect.signature(function).parameters)
    mode = function.mode  # type: ignore[attr-defined]
    return f"### `{function.__name__}({arguments})`\n\n*{mode}*. {inspect.getdoc(function)}\n"


def _name(name: str, value: Any) -> str:
    own = getattr(value, "__module__", "").startswith("core.")
    doc = (inspect.getdoc(value) or "") if own and callable(value) else ""
    first = doc.partition("\n\n")[0].replace("\n", " ")
    shown = "" if first.startswith(f"{name}(") else first
    return f"- `{name}`" + (f": {shown}" if shown else "")


def text() -> str:
    parts = [HEAD, "## Hooks\n", inspect.getdoc(sys.modules["core.hookspecs"]) or "", ""]
    for module in SPECS:
        parts.append(inspect.getdoc(module) or "")
        parts += ["", *(_hook(function) for function in _hooks(module))]
    # By name, since nothing in core may import its plugins' door.
    api = importlib.import_module("core.api")
    parts += ["## core.api\n", inspect.getdoc(api) or "", ""]
    parts += [_name(name, getattr(api, name)) for name in api.__all__]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
