"""Writes a new plugin: a small one that works and passes every check, for its author to grow.

Its files lie in `scaffold/` as text with a few words to fill in. They are written to a temporary
folder beside the target first, so that a failure leaves nothing half written.
"""

import keyword
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Literal, TypeAlias

from core import core_version
from core.config import CORE
from core.errors import DomainError
from core.i18n import DEFAULT_LANGUAGE, po_file
from core.plugin_engine.manifest import Manifest, name_faults

Kind: TypeAlias = Literal["kind", "panel"]
SCAFFOLD = Path(__file__).parent / "scaffold"
SUFFIX = ".tmpl"
LONGEST_TITLE = 50
# What a title may hold, so that it can stand in Python, TOML, HTML and a translation alike.
TITLE = re.compile(r"[^\W_][\w ,.()/'’–-]*")
SUMMARIES = {
    "kind": (
        "Participants answer a question in their own words; staff of the class read the answers.",
        "Peserta menjawab pertanyaan dengan kata-kata sendiri; panitia kelas membaca jawabannya.",
    ),
    "panel": (
        "A notice that staff of a class write and participants see beside the course.",
        "Pengumuman yang ditulis panitia kelas dan dilihat peserta di samping pelatihan.",
    ),
}
ICONS = {"kind": "talk", "panel": "flag"}


class NotWritten(DomainError):
    pass


@dataclass(frozen=True)
class Wish:
    """What an author asks for. `into`: the folder in which the plugin's own folder is made."""

    name: str
    title: str = ""
    title_id: str = ""
    kind: Kind = "kind"
    into: Path | None = None
    package: bool = False

    @property
    def module(self) -> str:
        return f"bimtek_{self.name}" if self.package else f"plugins.{self.name}"

    @property
    def folder(self) -> Path:
        into = self.into or (Path.cwd() if self.package else _plugins_folder())
        return into / (f"bimtek-{self.name.replace('_', '-')}" if self.package else self.name)

    @property
    def words(self) -> Mapping[str, str]:
        """What is filled in where a file says `$name`, `$title` …"""
        title = self.title or self.name.replace("_", " ").capitalize()
        core = core_version()
        summary, summary_id = SUMMARIES[self.kind]
        return {
            "name": self.name,
            "dashed": self.name.replace("_", "-"),
            "module": self.module,
            "title": title,
            "title_id": self.title_id or title,
            "summary": summary,
            "summary_id": summary_id,
            "icon": ICONS[self.kind],
            "requires_core": f">={core.major}.{core.minor},<{core.major + 1}",
        }


def _plugins_folder() -> Path:
    """`plugins` of a checkout, else the folder in which the command runs."""
    checkout = CORE.parent
    return checkout / "plugins" if (checkout / "pyproject.toml").exists() else Path.cwd()


def write_plugin(wish: Wish, known: Mapping[str, Manifest]) -> Path:
    """Writes it and gives its folder; `known`: the plugins that there are.

    Raises NotWritten with the reason, and then nothing is there.
    """
    _refuse(wish, known)
    target = wish.folder
    try:
        with tempfile.TemporaryDirectory(prefix=".new-", dir=target.parent) as draft:
            place = Path(draft) / target.name
            for path, text in _files(wish):
                file = place / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            place.rename(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise NotWritten(f"{target} cannot be written: {reason}") from error
    return target


def _refuse(wish: Wish, known: Mapping[str, Manifest]) -> None:
    faults = name_faults(wish.name, wish.name)
    if keyword.iskeyword(wish.name):
        faults = [f"'{wish.name}' is a word of Python; choose another name"]
    taken = known.get(wish.name)
    if taken and not faults:
        faults = [f"the name '{wish.name}' is taken by {taken.path}; choose another"]
    for title in filter(None, (wish.title, wish.title_id)):
        if not TITLE.fullmatch(title) or len(title) > LONGEST_TITLE:
            faults.append(
                f"a title has at most {LONGEST_TITLE} letters, digits, spaces and , . ( ) / ' -"
            )
    if not faults and not wish.folder.parent.is_dir():
        faults = [f"there is no folder {wish.folder.parent}; make it or choose another"]
    if not faults and wish.folder.exists():
        faults = [f"{wish.folder} is there already; choose another name or folder"]
    if faults:
        raise NotWritten("; ".join(dict.fromkeys(faults)))


def _files(wish: Wish) -> Iterator[tuple[Path, str]]:
    """(path in the plugin's folder, text) of every file."""
    inner = Path(wish.module) if wish.package else Path()
    places = {"common": inner, wish.kind: inner} | ({"package": Path()} if wish.package else {})
    for part, place in places.items():
        root = SCAFFOLD / part
        for file in sorted(root.rglob(f"*{SUFFIX}")):
            path = file.relative_to(root).as_posix().removesuffix(SUFFIX)
            text = Template(file.read_text(encoding="utf-8")).substitute(wish.words)
            if path.endswith(".po"):
                text = _own_texts(text, wish.words["title"])
            yield place / path.replace("_name_", wish.name), text


def _own_texts(text: str, title: str) -> str:
    """The catalogue without a title that core, or the rest of it, translates already."""
    core = po_file(CORE / "translations", DEFAULT_LANGUAGE).read_text(encoding="utf-8")
    rest, mark, last = text.rpartition(f'\n\nmsgid "{title}"\n')
    known = f'msgid "{title}"\n' in core + rest
    return rest + "\n" if mark and known else rest + mark + last
