"""Puts the parts of core into an app, each in a few lines; `create_app` gives the order."""

import hashlib
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, current_app, request, url_for
from flask.sessions import SecureCookieSessionInterface
from flask_babel import get_locale
from flask_bootstrap import Bootstrap5
from flask_compress import Compress
from flask_login import current_user
from packaging.version import Version
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from core import formatting, markdown
from core.cli import add_commands
from core.cohorts import (
    views as cohorts,
)
from core.cohorts import (
    views_intake,  # noqa: F401 -- adds its pages to the blueprint of cohorts
    views_manage,  # noqa: F401 -- same
    views_participants,  # noqa: F401 -- same
)
from core.cohorts.figures import CORE_METRICS
from core.cohorts.queries import by_code
from core.config import CORE
from core.courses import views as courses
from core.courses.kinds import CORE_KINDS
from core.courses.models import Course
from core.db import db, init_db
from core.errors import init_errors
from core.files import FileStore
from core.i18n import init_i18n
from core.institutions import views as institutions
from core.institutions.models import Institution
from core.limits import limiter
from core.navigation import navigation, public_links, role_line
from core.people import views as people
from core.people.access import CORE_PERMISSIONS, CORE_ROLES, can
from core.people.accounts import init_accounts
from core.plugin_engine import (
    settings_views,  # noqa: F401 -- adds its pages to the catalogue's
    site_views,  # noqa: F401 -- same
)
from core.plugin_engine import views as catalogue
from core.plugin_engine.guard import (
    FormProtection,
    Resolver,
    check_views,
    is_static,
    receive_webhook,
)
from core.plugin_engine.loader import load_plugins, new_engine
from core.plugin_engine.page_faults import init_page_faults
from core.plugin_engine.slots import init_slots

CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
YEAR = 365 * 24 * 3600
# For a static file whose address does not tell its content.
MINUTES = 5 * 60


class RowId(IntegerConverter):
    """`<int:…>` of an address: a number that no row can have is a page that is not there."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{"max": 2**63 - 1, **options})


class MaskingFormatter(logging.Formatter):
    """Masks what looks like a phone, e-mail, NIP or NIK, in tracebacks as well.

    Names have no pattern: that is why the database engines hide their parameters, and why what
    PostgreSQL says beside its message is cut: it shows the values of rows.
    """

    PATTERNS = (
        # To the next part of the log, for a value may hold lines of its own.
        (
            re.compile(
                r"^([ |]*)(DETAIL|CONTEXT):.*?"
                r"(?=^[ |]*(?:\[SQL: |\(Background on |Traceback \(|The above exception"
                r"|During handling|[+]-)|\Z)",
                re.DOTALL | re.MULTILINE,
            ),
            r"\1\2: …\n",
        ),
        (re.compile(r"\\n(DETAIL|CONTEXT):.*"), r"\\n\1: …"),  # As `repr` shows an error.
        (re.compile(r"(invalid input (?:syntax|value) [^:\n]+): \".*"), r'\1: "…"'),
        (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), "…@…"),
        (re.compile(r"(?<!\d)(?:\+?62|0)8[\d -]{7,14}\d"), "+62…"),
        (re.compile(r"(?<!\d)(?:\d{18}|\d{16})(?!\d)"), "(number)"),
        (re.compile(r"/k/[\w-]+"), "/k/…"),
    )

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        for pattern, shown in self.PATTERNS:
            text = pattern.sub(shown, text)
        return text


def init_logging(app: Flask) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(MaskingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    if not any(isinstance(h, logging.StreamHandler) for h in root.handlers):
        root.addHandler(handler)
    root.setLevel(logging.INFO)
    for chatty in ("alembic", "procrastinate", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def init_storage(app: Flask) -> None:
    init_db(app)
    app.extensions["files"] = FileStore(
        app.config["FILES_URL"] or Path(app.config["INSTANCE"]) / "files"
    )


def init_texts(app: Flask) -> None:
    init_i18n(app, [CORE / "translations"])
    formatting.register(app)


def init_people(app: Flask) -> None:
    init_accounts(app)


def init_safety(app: Flask) -> None:
    app.before_request(receive_webhook)
    FormProtection(app)
    limiter.init_app(app)
    init_errors(app)
    app.before_request(_refuse_nul)
    app.after_request(_safe_headers)
    if hops := app.config["PROXIES"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]


def _refuse_nul() -> None:
    """PostgreSQL keeps no NUL character; nobody types one, so such a request is broken."""
    words = [request.path, *request.args.values(), *request.form.values()]
    if any("\x00" in word for word in words):
        abort(400)


def _safe_headers(response: Any) -> Any:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}")
    if not is_static(request.endpoint) or response.status_code >= 400:
        headers.setdefault("Cache-Control", "private, no-store")
    return response


def init_pages(app: Flask) -> None:
    """Core's pages, what every template knows, and how their bytes travel."""
    app.url_map.converters["int"] = RowId
    app.config.update(BOOTSTRAP_SERVE_LOCAL=True, COMPRESS_MIMETYPES=COMPRESSED)
    Bootstrap5(app)
    Compress(app)
    app.after_request(_read_static)  # before compression, which would leave the file open
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = MINUTES
    app.session_interface = Sessions()
    register_pages(app)
    app.context_processor(_page_context)
    app.jinja_env.globals.update(asset=asset, bootstrap_css=_bootstrap_css)
    app.jinja_env.filters["markdown"] = markdown.render
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def register_pages(app: Flask) -> None:
    for views in (people, institutions, courses, cohorts, catalogue):
        app.register_blueprint(views.pages)


COMPRESSED = [
    "text/html", "text/css", "text/javascript", "text/csv", "application/json", "image/svg+xml",
]  # fmt: skip


class Sessions(SecureCookieSessionInterface):
    """Static files are the same for everybody: a cache need not keep one a person."""

    def save_session(self, app: Flask, session: Any, response: Response) -> None:
        if not is_static(request.endpoint):
            super().save_session(app, session, response)


def _read_static(response: Response) -> Response:
    """Reads a static file whole: small, compressed once a reader, and closed with the response.

    It is kept for a year where its address carries the fingerprint of these very bytes.
    """
    if not is_static(request.endpoint):
        return response
    if response.direct_passthrough:
        response.direct_passthrough = False
        response.make_sequence()
    response.headers.pop("Expires", None)
    if response.status_code == 304:
        del response.headers["Cache-Control"]  # what was said with the file still holds
    elif response.status_code == 200 and request.args.get("v") == _digest(response.get_data()):
        response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    return response


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:10]


@cache
def _fingerprint(file: Path) -> str:
    return _digest(file.read_bytes())


def asset(path: str, plugin: str = "") -> str:
    """The address of a static file of core or of a plugin; it changes with the content."""
    owner = current_app.blueprints[plugin] if plugin else current_app
    version = _fingerprint(Path(owner.static_folder or "") / path)
    return url_for(f"{plugin}.static" if plugin else "static", filename=path, v=version)


def _bootstrap_css() -> str:
    """Bootstrap's style sheet, served by ourselves."""
    return asset("css/bootstrap.min.css", "bootstrap")


def _page_context() -> dict[str, Any]:
    """Known to every template. Functions are asked only where a page shows their answer."""
    return {
        "nav": navigation,
        "role_line": role_line,
        "public_links": public_links,
        "theme": _theme(),
        "locale": str(get_locale()),
        "site_name": current_app.config["SITE_NAME"],
    }


def _theme() -> str:
    """The reader's choice; the page about a broken database must still be shown."""
    with suppress(SQLAlchemyError):
        return current_user.theme if current_user.is_authenticated else "auto"
    return "auto"


def init_plugins(app: Flask, version: Version) -> None:
    """The engine, core's own contributions through the same registries, then the plugins."""
    engine = new_engine(can)
    engine.init_app(app)
    engine.roles.update({role.name: role for role in CORE_ROLES})
    engine.permissions.update({p.name: p for p in CORE_PERMISSIONS})
    engine.kinds.update({kind.name: kind for kind in CORE_KINDS})
    engine.metrics.update({metric.name: metric for metric in CORE_METRICS})
    engine.guard.resolvers.update(
        cohort_code=_found(by_code),
        course_id=_by_id(Course),
        institution_id=_by_id(Institution),
    )
    init_slots(app)
    init_page_faults(app)
    check_views(app)
    load_plugins(app, engine, version)


def _found(read: Callable[[Any], Any]) -> Resolver:
    """A thing that is not there is a 404; it is read once a request."""

    def resolve(value: Any) -> Any:

        return read(value) or abort(404)

    return resolve


def _by_id(model: Any) -> Resolver:
    return _found(lambda key: db.session.get(model, key))


def init_commands(app: Flask) -> None:
    add_commands(app)
