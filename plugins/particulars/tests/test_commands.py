"""`bimtek particulars list` prints a class for the office and for programs."""

import json

from core.api import db
from plugins.particulars.services import set_letter


def run(app, *args):
    db.session.commit()
    return app.test_cli_runner().invoke(args=["particulars", "list", *args])


def test_class_is_printed_as_json_and_as_csv(app, scene):
    set_letter(scene.siti, number="1", dated_on=None, by=None)

    found = json.loads(run(app, "--cohort", "kalsel-1", "--json").output)
    lines = run(app, "--cohort", "KALSEL-1").output.splitlines()

    [one] = found["participants"]
    assert found["cohort"] == "KALSEL-1"
    assert (one["name"], one["letter_number"], one["rank"]) == ("Siti Aminah", "1", "")
    assert len(lines) == 2
    assert lines[1].split(";")[1] == "Siti Aminah"


def test_unknown_class_is_refused(app, scene):
    result = run(app, "--cohort", "NOBODY")

    assert result.exit_code == 1
    assert "NOBODY" in result.output
