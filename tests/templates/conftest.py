"""A bare app around the templates: the real Jinja, Babel, WTForms and CSRF, no database."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Blueprint, Flask, render_template_string
from flask_babel import Babel
from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect
from jinja2 import StrictUndefined

from core import formatting

ROOT = Path(__file__).parents[2]

PAGE = {
    "nav": list,
    "public_links": list,
    "page_slot": lambda place: "",
    "role_line": str,
    "current_user": SimpleNamespace(is_authenticated=False),
    "theme": "light",
    "locale": "en",
    "site_name": "Bimtek",
}


def _people() -> Blueprint:
    people = Blueprint("people", __name__)
    for name in ("sign_in", "profile", "help", "set_language"):
        people.add_url_rule(f"/{name}", name, str)
    return people


@pytest.fixture(scope="session")
def bare_app() -> Flask:
    app = Flask("bare", template_folder=str(ROOT / "templates"))
    app.config.update(
        SECRET_KEY="test", DEMO=False, BABEL_DEFAULT_LOCALE="en", BOOTSTRAP_SERVE_LOCAL=True
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.globals["asset"] = lambda path: f"/static/{path}"
    app.jinja_env.globals["bootstrap_css"] = lambda: "/bootstrap/static/css/bootstrap.min.css"
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(lambda: PAGE)
    app.register_blueprint(_people())
    Babel(app)
    Bootstrap5(app)
    CSRFProtect(app)
    formatting.register(app)
    return app


@pytest.fixture
def render(bare_app: Flask) -> Iterator[Callable[..., str]]:
    """Renders a template's source inside a request, both macro files imported."""
    head = '{% import "macros/ui.html" as ui %}{% import "macros/forms.html" as forms %}'

    def _render(source: str, **context: object) -> str:
        return render_template_string(head + source, **context)

    with bare_app.test_request_context("/here?page=2"):
        yield _render
