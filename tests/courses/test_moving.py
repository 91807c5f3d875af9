"""The order of a course: what stands together stays together wherever things are moved."""

import pytest

from core.courses.services import change_activity, move_activity, move_section, move_to_section


def test_activity_changes_places_with_its_neighbour_in_the_part(written, layout):
    move_activity(written.a, +1)

    assert layout() == ["Start/Page b", "Start/Page a", "Steps/Page c", "|", "Page d"]


def test_last_of_several_walks_into_the_next_part_where_it_stands(written, layout):
    move_activity(written.b, +1)

    assert layout() == ["Start/Page a", "Steps/Page b", "Steps/Page c", "|", "Page d"]


def test_activity_alone_in_its_part_passes_the_whole_part_before_it(written, layout):
    move_activity(written.c, -1)

    assert layout() == ["Steps/Page c", "Start/Page a", "Start/Page b", "|", "Page d"]


def test_activity_without_a_part_passes_the_whole_part(make, written, layout):
    make.page(written.one, "Page e")
    loose = written.one.activities[-1]

    move_activity(loose, -1)
    move_activity(loose, -1)

    assert layout() == ["Page e", "Start/Page a", "Start/Page b", "Steps/Page c", "|", "Page d"]


def test_activity_goes_into_the_next_material_without_its_part(written, layout):
    move_activity(written.c, +1)

    assert layout() == ["Start/Page a", "Start/Page b", "|", "Page c", "Page d"]


def test_activity_goes_to_the_end_of_the_material_before(written, layout):
    move_activity(written.d, -1)

    assert layout() == ["Start/Page a", "Start/Page b", "Steps/Page c", "Page d", "|"]


@pytest.mark.parametrize(("name", "step"), [("a", -1), ("d", +1)])
def test_activity_at_the_end_of_the_course_stays(written, layout, name, step):
    before = layout()

    move_activity(getattr(written, name), step)

    assert layout() == before


def test_new_part_gathers_its_activities(written, layout):
    change_activity(written.a, by=None, part="Steps")

    assert layout() == ["Steps/Page a", "Steps/Page c", "Start/Page b", "|", "Page d"]


def test_activity_taken_to_a_material_joins_its_part_there(make, written, layout):
    make.page(written.two, "Page e", part="Start")
    make.page(written.two, "Page f")

    move_to_section(written.a, written.two)

    first, second = " ".join(layout()).split(" | ")
    assert first == "Start/Page b Steps/Page c"
    assert second == "Page d Start/Page e Start/Page a Page f"


def test_material_changes_places_with_its_neighbour(written, layout):
    move_section(written.two, -1)

    assert layout() == ["Page d", "|", "Start/Page a", "Start/Page b", "Steps/Page c"]
