"""Writes docs/plugins/reference.md from the code: every hook, every name of `core.api`.

`python -m core.plugin_engine.reference` writes it; a test fails when it is stale.
"""

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

from flask import Flask
from sqlalchemy.orm import DeclarativeBase

from core.plugin_engine.loader import SPECS
from core.plugin_engine.slots import pages_of

FILE = Path("docs/plugins/reference.md")
HEAD = """# Reference

Written by `python -m core.plugin_engine.reference` from the code; do not edit by hand.
"""
PAGES = """A `PagePanel` shows on any of these, at the top, at the end or in the aside; a panel of a
hook where the hook is named. Pages that say what went wrong have no slots.
"""


def _hooks(module: Any) -> Iterator[FunctionType]:
    for value in vars(module).values():
        if isinstance(value, FunctionType) and hasattr(value, "mode"):
            yield value


def _hook(function: FunctionType) -> str:
    called = _called(function.__name__, function)
    mode = function.mode  # type: ignore[attr-defined]
    return f"### `{called}`\n\n*{mode}*. {inspect.getdoc(function)}\n"


def _name(name: str, value: Any) -> str:
    """A name of `core.api` as it is called, or the fields that it has, and what it is for."""
    kind = value if isinstance(value, type | FunctionType) else type(value)
    own = kind.__module__.startswith("core.")
    said = vars(value).get("__doc__") if isinstance(value, type) else inspect.getdoc(value)
    if said == DeclarativeBase.__doc__:  # SQLAlchemy hands it down.
        said = ""
    doc = " ".join((said or "").split()) if own and callable(value) else ""
    shown = f"- `{_called(name, value) if own else name}`"
    if hasattr(value, "__mapper__"):
        return f"{shown}: {doc} Fields: {_columns(value)}.".replace(":  Fields", ". Fields")
    # A dataclass without a docstring gets its signature for one.
    return shown if not doc or doc.startswith(f"{name}(") else f"{shown}: {doc}"


def _called(name: str, value: Any) -> str:
    """`Panel(template: str, weight: int = 50)`; types by their last name, values as written."""
    if isinstance(value, str | int | tuple) or hasattr(value, "__mapper__"):
        return name
    try:
        signature = str(inspect.signature(value))
    except (TypeError, ValueError):
        return name
    return name + _short(signature).removesuffix(" -> None")


def _short(text: str) -> str:
    text = re.sub(r"<function .*? at 0x[0-9a-f]+>|<[^<>]*>", "…", text).replace("~", "")
    return re.sub(r"'?\b(?:[A-Za-z_]\w*\.)+(\w+)'?", r"\1", text).replace("`", "")


def _columns(model: Any) -> str:
    """Columns and relationships, in their order, and what is reckoned from them."""
    fields = [
        f"`{name}: {_short(inspect.formatannotation(kind)).removeprefix('Mapped[')[:-1]}`"
        for name, kind in vars(model)["__annotations__"].items()
        if not name.startswith("_")
    ]
    reckoned = [f"`{name}`" for name, one in vars(model).items() if isinstance(one, property)]
    return ", ".join(fields + reckoned)


def _pages() -> Iterator[str]:
    """A row for each page of core, with the hooks that show panels there as well."""
    app = Flask("core")
    # By name, as the wiring knows everything and the engine nothing of it.
    importlib.import_module("core.wiring").register_pages(app)
    hooks: list[Any] = [hook for spec in SPECS for hook in _hooks(spec)]
    yield "| Page | Address | Slots |\n|---|---|---|"
    for page, path in sorted(pages_of(app).items()):
        own = [f"`{hook.__name__}`" for hook in hooks if hook.page == page]
        slots = ", ".join([*own, "top, end, aside"])
        yield f"| `{page}` | `{path}` | {slots} |"


def text() -> str:
    parts = [HEAD, "## Hooks\n", inspect.getdoc(sys.modules["core.hookspecs"]) or "", ""]
    for module in SPECS:
        parts.append(inspect.getdoc(module) or "")
        parts += ["", *(_hook(function) for function in _hooks(module))]
    parts += ["## Pages of core\n", PAGES, *_pages(), ""]
    # By name, since nothing in core may import its plugins' door.
    api = importlib.import_module("core.api")
    parts += ["## core.api\n", inspect.getdoc(api) or "", ""]
    parts += [_name(name, getattr(api, name)) for name in api.__all__]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
