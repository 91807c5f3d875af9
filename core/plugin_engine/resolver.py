"""Puts plugins in an order that fits what they require, and names all problems together.

A plugin with a problem is left out together with everything that needs it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import PackageNotFoundError, version

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from core.plugin_engine.discovery import Problem
from core.plugin_engine.manifest import Manifest

CORRECT = "Correct plugin.toml, then restart."
UNTIE = "Take one of these out of [requires] in its plugin.toml, then restart."


@dataclass(frozen=True)
class Resolution:
    order: tuple[Manifest, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _Fault:
    message: str
    step: str


def _missing_distribution(text: str) -> _Fault | None:
    install = f"Run: pip install '{text}', then restart."
    try:
        wanted = Requirement(text)
        found = version(wanted.name)
    except InvalidRequirement:
        return _Fault(f"[external] '{text}' is not a requirement", CORRECT)
    except PackageNotFoundError:
        return _Fault(f"needs the Python package {text}", install)
    if wanted.specifier.contains(found, prereleases=True):
        return None
    return _Fault(f"needs the Python package {text}; found {found}", install)


def _faults(manifest: Manifest, known: Mapping[str, Manifest], core: Version) -> list[_Fault]:
    own, faults = manifest.name, []
    if core not in manifest.requires_core:
        step = f"Upgrade Bimtek, or take a version of {own} that fits it; then restart."
        faults.append(_Fault(f"{own} needs core {manifest.requires_core}; found {core}", step))
    for name, wanted in manifest.requires.items():
        found = known.get(name)
        if found is None:
            step = f"Put {name} beside the other plugins, or correct plugin.toml; then restart."
            faults.append(_Fault(f"{own} needs {name} {wanted}; it is not there", step))
        elif found.version not in wanted:
            text = f"{own} needs {name} {wanted}; found {name} {found.version}"
            step = f"Take a version of {name} or of {own} that fits the other, then restart."
            faults.append(_Fault(text, step))
    return faults + [fault for text in manifest.external if (fault := _missing_distribution(text))]


def left_out_with(manifest: Manifest, others: Iterable[str]) -> Problem:
    """The problem of a plugin that is fine itself but needs `others`, which are left out."""
    names = ", ".join(sorted(others))
    text = f"{manifest.name} needs {names}, left out as well"
    step = f"Solve what is wrong with {names}, then restart."
    return Problem(manifest.name, text, manifest.path / "plugin.toml", step)


def _without(known: dict[str, Manifest], faulty: Iterable[str]) -> list[Problem]:
    """Removes the faulty ones and, wave after wave, what needs them."""
    problems = []
    gone = set(faulty)
    for name in gone:
        del known[name]
    while lost := {
        m.name: gone & set(m.requires) for m in known.values() if gone & set(m.requires)
    }:
        for name, because in lost.items():
            problems.append(left_out_with(known.pop(name), because))
        gone |= set(lost)
    return problems


def _order(known: Mapping[str, Manifest], *, soft: bool) -> list[str]:
    """Names with what they need first. Raises CycleError."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name in sorted(known):
        wanted = known[name].requires.keys() | (known[name].after.keys() if soft else set())
        sorter.add(name, *sorted(wanted & known.keys()))
    return list(sorter.static_order())


def _circles(known: Mapping[str, Manifest]) -> Iterator[list[str]]:
    """Each circle of requirements as names, the first one again at the end."""
    rest = dict(known)
    while True:
        try:
            _order(rest, soft=False)
        except CycleError as error:
            # graphlib names what is needed first; "a -> b" reads as "a needs b".
            circle = list(reversed(error.args[1]))
            yield circle
            rest = {name: m for name, m in rest.items() if name not in circle}
        else:
            return


def _all_faults(known: Mapping[str, Manifest], core: Version) -> dict[str, list[_Fault]]:
    faults = {name: _faults(manifest, known, core) for name, manifest in known.items()}
    for circle in _circles(known):
        text = f"dependency cycle: {' -> '.join(circle)}"
        for name in circle[1:]:
            faults[name].append(_Fault(text, UNTIE))
    return {name: found for name, found in faults.items() if found}


def resolve(manifests: Iterable[Manifest], core: Version) -> Resolution:
    """Dependencies first. Where soft orders close a circle, only the hard ones count."""
    known = {m.name: m for m in manifests}
    faults = _all_faults(known, core)
    problems = [
        Problem(name, fault.message, known[name].path / "plugin.toml", fault.step)
        for name, found in faults.items()
        for fault in found
    ]
    problems += _without(known, faults)
    try:
        names = _order(known, soft=True)
    except CycleError:
        names = _order(known, soft=False)
    return Resolution(tuple(known[name] for name in names), tuple(problems))
