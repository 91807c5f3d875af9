"""Keeps the Indonesian catalogues in step with the English texts in the code.

For developers and CI (`python -m core.i18n_tool update|check|missing|fill`), never at run time.
One catalogue for core and its templates, one for each plugin; a plugin leaves out what core has.
`--plugin FOLDER` is for a plugin in a repository of its own.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from core.i18n import DEFAULT_LANGUAGE, forms, new_catalogue, po_file, usable

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS = dict.fromkeys(("_", "_l", "gettext", "lazy_gettext", "N_")) | dict.fromkeys(
    ("ngettext", "lazy_ngettext"), (1, 2)
)
METHODS = [
    ("**/tests/**", "ignore"),
    ("**/scaffold/**", "ignore"),
    ("**.py", "python"),
    ("**.html", "jinja2"),
    ("**.txt", "jinja2"),
]
OPTIONS = {pattern: {"silent": "false"} for pattern in ("**.html", "**.txt")}
PLACEHOLDER = re.compile(r"%\(\w+\)[sdf]")
# Fixed, since the dates and versions of a usual header differ in every branch.
HEADER = rb"""msgid ""
msgstr ""
"Language: id\n"
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=1; plural=0;\n"

"""

Text = str | list[str]


@dataclass(frozen=True)
class Texts:
    """The catalogue at `path`: `source` as the code has it, `current` as the file has it."""

    path: Path
    source: Catalog
    current: Catalog

    def translation(self, message: Message) -> Message | None:
        found = self.current.get(message.id)
        return found if found and found.id == message.id and usable(found) else None

    def missing(self) -> list[Message]:
        return [m for m in entries(self.source) if not self.translation(m)]

    def obsolete(self) -> list[Message]:
        left = [m for m in entries(self.current) if self.source.get(m.id) is None]
        return left + list(self.current.obsolete.values())


def entries(catalogue: Catalog) -> Iterator[Message]:
    """The messages without the header."""
    return (message for message in catalogue if message.id)


def _key(message: Message) -> str:
    return forms(message.id)[0]


def extract(root: Path, folders: Sequence[Path]) -> Catalog:
    """Every marked text under `folders`, located from `root`."""
    found = new_catalogue()
    for folder in folders:
        for name, line, text, _comments, _context in extract_from_dir(
            folder, METHODS, OPTIONS, KEYWORDS
        ):
            place = (folder / name).relative_to(root).as_posix()
            found.add(text, locations=[(place, line)])
    return found


def _texts(folder: Path, source: Catalog) -> Texts:
    path = po_file(folder / "translations", DEFAULT_LANGUAGE)
    data = path.read_bytes() if path.exists() else HEADER
    return Texts(path, source, read_po(BytesIO(data), DEFAULT_LANGUAGE))


def collect(root: Path, plugin: Path | None = None) -> Iterator[Texts]:
    """Core first, then the plugins by name; or the one plugin that lies in a folder elsewhere."""
    core = extract(root, [root / "core", root / "templates"])
    if plugin:
        yield _of_plugin(plugin.parent, plugin, core)
        return
    yield _texts(root / "core", core)
    for manifest in sorted(root.glob("plugins/*/plugin.toml")):
        yield _of_plugin(root, manifest.parent, core)


def _of_plugin(root: Path, folder: Path, core: Catalog) -> Texts:
    own = extract(root, [folder])
    for message in entries(core):
        own.delete(message.id)
    return _texts(folder, own)


def write(texts: Texts, given: Mapping[str, Text]) -> None:
    """The file anew: what the code has, with the translations kept or `given`."""
    fresh = new_catalogue()
    for message in entries(texts.source):
        kept = texts.translation(message)
        text = given.get(_key(message), kept.string if kept else None)
        string = tuple(forms(text)) if message.pluralizable else text
        fresh.add(message.id, string, message.locations)
    if not len(fresh):
        texts.path.unlink(missing_ok=True)
        return
    texts.path.parent.mkdir(parents=True, exist_ok=True)
    with texts.path.open("wb") as file:
        file.write(HEADER)
        write_po(file, fresh, width=0, omit_header=True, sort_by_file=True, include_lineno=False)


def fits(message: Message, translated: Message) -> bool:
    """The translation names what the source names, and formatting it cannot go wrong."""
    source = forms(message.id)[-1]
    return all(
        set(PLACEHOLDER.findall(form)) == set(PLACEHOLDER.findall(source))
        and (_has_bare_percent(source) or not _has_bare_percent(form))
        for form in forms(translated.string)
    )


def _has_bare_percent(text: str) -> bool:
    return "%" in PLACEHOLDER.sub("", text).replace("%%", "")


def problems(texts: Texts) -> Iterator[str]:
    for message in texts.missing():
        yield f"not translated: {json.dumps(_key(message), ensure_ascii=False)}"
    for message in texts.obsolete():
        yield f"no longer needed: {json.dumps(_key(message), ensure_ascii=False)}"
    for message in entries(texts.source):
        if (translated := texts.translation(message)) and not fits(message, translated):
            yield f"other placeholders: {json.dumps(_key(message), ensure_ascii=False)}"


def check(root: Path, plugin: Path | None = None) -> int:
    found = [
        f"{texts.path.relative_to(plugin.parent if plugin else root).as_posix()}: {problem}"
        for texts in collect(root, plugin)
        for problem in problems(texts)
    ]
    print(*found, sep="\n", end="\n" if found else "")
    return int(bool(found))


def missing(root: Path, plugin: Path | None = None) -> int:
    found = collect(root, plugin)
    ids = dict.fromkeys(message.id for texts in found for message in texts.missing())
    for text in ids:
        print(json.dumps(text, ensure_ascii=False))
    return 0


def update(root: Path, given: Mapping[str, Text], plugin: Path | None = None) -> int:
    """Writes every catalogue anew; the translations `given` win over those kept."""
    unknown = set(given)
    for texts in collect(root, plugin):
        write(texts, given)
        unknown -= {_key(message) for message in entries(texts.source)}
    for text in sorted(unknown):
        print(f"not in the code: {json.dumps(text, ensure_ascii=False)}", file=sys.stderr)
    return int(bool(unknown))


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(prog="python -m core.i18n_tool", description=__doc__)
    parser.add_argument("--plugin", type=Path, help="only the plugin in this folder, anywhere")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("update", help="bring the catalogues in step with the code")
    commands.add_parser("check", help="fail when a text is missing, obsolete or ill-formed")
    commands.add_parser("missing", help="print what is not translated, as JSON, one a line")
    filling = commands.add_parser("fill", help="update, with translations from a JSON object")
    filling.add_argument("file", type=Path, help='{"English": "Indonesian" or ["one form"]}')
    asked = parser.parse_args(arguments)
    plugin = asked.plugin and asked.plugin.resolve()
    if plugin and not (plugin / "plugin.toml").exists():
        parser.error(f"there is no plugin.toml in {plugin}")
    if asked.command in {"check", "missing"}:
        return {"check": check, "missing": missing}[asked.command](root, plugin)
    given = json.loads(asked.file.read_text("utf-8")) if "file" in asked else {}
    return update(root, given, plugin)


if __name__ == "__main__":
    sys.exit(main())
