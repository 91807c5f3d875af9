"""The reference for plugin authors says what the code says."""

import re
from pathlib import Path

from core.plugin_engine import engine
from core.plugin_engine.loader import SPECS
from core.plugin_engine.reference import _hooks, text

FILE = Path(__file__).parents[2] / "docs" / "plugins" / "reference.md"


def test_reference_is_fresh():
    hint = "run: python -m core.plugin_engine.reference"

    assert FILE.read_text(encoding="utf-8") == text(), hint


def test_hook_of_panels_names_the_page_whose_template_asks_it(app):
    templates = FILE.parents[2] / "templates"
    texts = [template.read_text(encoding="utf-8") for template in templates.rglob("*.html")]
    asked = re.findall(r'slot\("(\w+_panels)"', "".join(texts))
    hooks = {hook.__name__: hook.page for spec in SPECS for hook in _hooks(spec) if hook.page}

    assert sorted(asked) == sorted(hook for hook in hooks if hook.endswith("_panels"))
    assert set(hooks.values()) <= engine().pages.keys()
