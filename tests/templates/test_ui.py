"""The parts of a page: what they say, send and leave out."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

ICONS = Path(__file__).parents[2] / "core/static/icons.svg"

Render = Callable[..., str]


def test_state_takes_the_usual_icon_of_its_tint(render: Render) -> None:
    html = render('{{ ui.state("Done", "ok") }}')

    assert 'class="state ok"' in html
    assert "#check" in html
    assert html.endswith("Done</span>")


@pytest.mark.parametrize("tint", ["", "ok", "warn", "bad", "now", "off"])
def test_every_usual_icon_is_drawn(render: Render, tint: str) -> None:
    html = render(
        "{{ ui.state('x', tint) }}{% call ui.notice(tint) %}x{% endcall %}"
        "{% for level in range(4) %}{{ ui.quality(level) }}{% endfor %}"
        "{{ ui.copy_button('x', 'x') }}{{ ui.print_button('x') }}",
        tint=tint,
    )

    asked = set(re.findall(r"icons\.svg#(\w+)", html))
    drawn = set(re.findall(r'id="(\w+)"', ICONS.read_text()))
    assert len(asked) >= 7
    assert asked <= drawn


def test_facts_show_a_dash_for_what_is_missing(render: Render) -> None:
    html = render("{{ ui.facts([('Room', None), ('Floor', ''), ('Seats', 0)]) }}")

    assert re.findall(r"<dd>(.*?)</dd>", html) == ["—", "—", "0"]


def test_facts_take_rich_rows_after_the_pairs(render: Render) -> None:
    html = render("{% call ui.facts([('A', 1)]) %}<dt>B</dt><dd><b>2</b></dd>{% endcall %}")

    assert html == '<dl class="facts"><dt>A</dt><dd>1</dd><dt>B</dt><dd><b>2</b></dd></dl>'


def test_last_crumb_is_this_page_and_no_link(render: Render) -> None:
    html = render("{{ ui.crumb([('Classes', '/c'), ('KALSEL 07/2026', None)]) }}")

    assert re.findall(r"<a href=\"(.*?)\"", html) == ["/c"]
    assert 'aria-current="page">KALSEL 07/2026</span>' in html


def test_page_head_escapes_what_people_wrote(render: Render) -> None:
    html = render("{{ ui.page_head(title) }}", title="<b>Kelas</b>")

    assert "<h1>&lt;b&gt;Kelas&lt;/b&gt;</h1>" in html


def test_card_is_named_by_its_heading(render: Render) -> None:
    html = render('{% call ui.card("Rules", id="rules") %}x{% endcall %}')

    assert 'aria-labelledby="rules-title"' in html
    assert '<h2 id="rules-title">Rules</h2>' in html


def test_shelf_says_its_progress_in_words(render: Render) -> None:
    html = render('{{ ui.shelf(["d", "n", ""], "1 of 3") }}')

    assert 'role="img" aria-label="1 of 3"' in html
    assert html.count("<i") == 3
    assert '<i class="n"></i><i></i>' in html


def test_only_a_figure_with_a_list_behind_it_is_a_link(render: Render) -> None:
    html = render("{{ ui.kpis([('In', 38, '/in'), ('Out', 2, None)]) }}")

    assert re.findall(r"<dd>(.*?)</dd>", html) == [
        '<a class="stretched-link" href="/in">38</a>',
        "2",
    ]


def test_list_without_more_shows_no_link(render: Render) -> None:
    assert render("{{ ui.more_link(None) }}") == ""
    assert 'href="/?after=9"' in render("{{ ui.more_link('/?after=9') }}")


def test_post_button_carries_the_token_and_its_fields(render: Render) -> None:
    html = render('{{ ui.post_button("/go", "Go", fields={"id": 7}) }}')

    assert '<form method="post" action="/go">' in html
    assert re.search(r'name="csrf_token" value=".{20,}?"', html)
    assert '<input type="hidden" name="id" value="7">' in html


@pytest.mark.parametrize(
    ("on", "sends", "word"), [(True, "0", "Is open"), (False, "1", "Is closed")]
)
def test_switch_sends_what_it_should_become(
    render: Render, on: bool, sends: str, word: str
) -> None:
    html = render('{{ ui.switch("/s", on, "Pre-test") }}', on=on)

    assert f'name="on" value="{sends}"' in html
    assert f'aria-checked="{str(on).lower()}"' in html
    assert f">{word}</span>" in html


def test_wide_table_can_be_scrolled_by_keyboard(render: Render) -> None:
    html = render('{% call ui.table("People") %}<tbody></tbody>{% endcall %}')

    assert 'role="region" tabindex="0" aria-label="People"' in html


def test_size_is_told_in_the_readers_units(render: Render) -> None:
    assert render("{{ ui.size(148000) }}") == '<span class="text-nowrap">148 kB</span>'


def test_buttons_that_need_script_are_hidden_without_it(render: Render) -> None:
    html = render("{{ ui.copy_button('a', 'Copy') }}{{ ui.print_button('Print') }}")

    assert re.findall(r"<button[^>]* hidden>", html) == re.findall(r"<button[^>]*>", html)
