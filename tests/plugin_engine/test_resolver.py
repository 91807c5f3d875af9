"""Order and problems of plugins, by manifests alone."""

from itertools import pairwise
from pathlib import Path

import pytest
from packaging.version import Version

from core.plugin_engine.manifest import parse
from core.plugin_engine.resolver import resolve

CORE = Version("1.0")


def plugin(name, version="1.0", requires=(), after=(), core=">=1.0", external=()):
    lines = [
        f'name = "{name}"',
        f'version = "{version}"',
        'title = "T"',
        f'requires_core = "{core}"',
    ]
    lines += ["[requires]", *(f'{n} = "{r}"' for n, r in dict(requires).items())]
    lines += ["[after]", *(f'{n} = ">=0"' for n in after)]
    lines += ["[external]", f"python = {list(external)}"]
    return parse("\n".join(lines), Path(name), f"plugins.{name}", name)


def resolved(*manifests):
    found = resolve(manifests, CORE)
    return [m.name for m in found.order], [(p.plugin, p.message) for p in found.problems]


def test_what_is_required_comes_first():
    order, problems = resolved(
        plugin("certificates", requires={"quizzes": ">=1", "attendance": ">=1"}),
        plugin("quizzes", requires={"attendance": ">=1"}),
        plugin("attendance"),
    )

    assert order == ["attendance", "quizzes", "certificates"]
    assert problems == []


def test_soft_order_is_kept_and_a_soft_circle_is_no_problem():
    ordered = resolved(plugin("ab", after=["zz"]), plugin("zz"))
    circle = resolved(plugin("ab", after=["zz"]), plugin("zz", after=["ab"]))
    absent = resolved(plugin("ab", after=["never_there"]))

    assert ordered == (["zz", "ab"], [])
    assert circle == (["ab", "zz"], [])
    assert absent == (["ab"], [])


def test_all_problems_are_named_together_and_the_rest_goes_on():
    order, problems = resolved(
        plugin("quizzes", "1.1"),
        plugin("certificates", requires={"quizzes": ">=1.2"}),
        plugin("reports", requires={"certificates": ">=1", "ledger": ">=3"}),
        plugin("old", core="<1"),
        plugin("one", requires={"two": ">=1"}),
        plugin("two", requires={"one": ">=1"}),
    )

    assert order == ["quizzes"]
    assert set(problems) == {
        ("certificates", "certificates needs quizzes >=1.2; found quizzes 1.1"),
        ("reports", "reports needs ledger >=3; it is not there"),
        ("old", "old needs core <1; found 1.0"),
        ("one", "dependency cycle: one -> two -> one"),
        ("two", "dependency cycle: one -> two -> one"),
    }


def test_circle_reads_in_the_direction_of_need():
    _order, problems = resolved(
        plugin("aa", requires={"bb": ">=1"}),
        plugin("bb", requires={"cc": ">=1"}),
        plugin("cc", requires={"aa": ">=1"}),
    )

    names = problems[0][1].removeprefix("dependency cycle: ").split(" -> ")
    assert sorted(pairwise(names)) == [("aa", "bb"), ("bb", "cc"), ("cc", "aa")]
    assert {name for name, _text in problems} == {"aa", "bb", "cc"}


def test_two_circles_and_a_plugin_that_needs_itself_are_all_found():
    _order, problems = resolved(
        plugin("aa", requires={"bb": ">=1"}),
        plugin("bb", requires={"aa": ">=1"}),
        plugin("cc", requires={"dd": ">=1"}),
        plugin("dd", requires={"cc": ">=1"}),
        plugin("ee", requires={"ee": ">=1"}),
    )

    assert {name for name, _text in problems} == {"aa", "bb", "cc", "dd", "ee"}
    assert ("ee", "dependency cycle: ee -> ee") in problems


def test_dependants_of_a_faulty_plugin_are_left_out_wave_by_wave():
    order, problems = resolved(
        plugin("base", core=">=9"),
        plugin("middle", requires={"base": ">=1"}),
        plugin("top", requires={"middle": ">=1"}),
        plugin("aside"),
    )

    assert order == ["aside"]
    assert problems == [
        ("base", "base needs core >=9; found 1.0"),
        ("middle", "middle needs base, left out as well"),
        ("top", "top needs middle, left out as well"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no-such-distribution>=1", "Run: pip install 'no-such-distribution>=1', then restart."),
        ("flask>=99", "needs the Python package flask>=99; found 3."),
        (">=1", "is not a requirement"),
    ],
)
def test_missing_distribution_is_named_with_the_next_step(text, said):
    found = resolve([plugin("needs_it", external=[text])], CORE)

    [problem] = found.problems
    assert found.order == ()
    assert said in problem.sentence
    assert problem.file == "needs_it/plugin.toml"


def test_present_distribution_is_no_problem():
    assert resolved(plugin("fine", external=["flask>=3"])) == (["fine"], [])
