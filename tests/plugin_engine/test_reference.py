"""The reference for plugin authors says what the code says."""

from pathlib import Path

from core.plugin_engine.reference import text

FILE = Path(__file__).parents[2] / "docs" / "plugins" / "reference.md"


def test_reference_is_fresh():
    hint = "run: python -m core.plugin_engine.reference"

    assert FILE.read_text(encoding="utf-8") == text(), hint
