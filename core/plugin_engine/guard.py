"""Deny by default: each view declares who may call it, and one function asks.

A view without a rule does not start. A plugin's page is there only where the plugin is
active; elsewhere it answers 404, and so do its 405 and its slash redirect.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, cast
from urllib.parse import unquote, urlsplit

from flask import Flask, abort, current_app, g, request
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin, current_user
from flask_wtf import CSRFProtect
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import MapAdapter, RequestRedirect

F = TypeVar("F", bound=Callable[..., Any])
ATTRIBUTE = "bimtek_access"
MOST_WEBHOOK_BYTES = 1024 * 1024


class Scope(Protocol):
    """What a page is about: an institution, a course or a cohort."""

    @property
    def scope_institutions(self) -> tuple[Any, ...]:
        """The institutions whose grants count here."""

    @property
    def plugin_institution(self) -> Any:
        """The institution whose choice of plugins counts here."""

    def roles_of(self, user: Any) -> frozenset[str]:
        """Roles that the person holds in this very thing, such as trainer of a cohort."""


@dataclass(frozen=True)
class Access:
    kind: Literal["public", "signed_in", "permission", "webhook"]
    permission: str = ""


def _declare(access: Access) -> Callable[[F], F]:
    def mark(view: F) -> F:
        setattr(view, ATTRIBUTE, access)
        return view

    return mark


def requires(permission: str) -> Callable[[F], F]:
    """Only for people who hold `permission` in the page's institution, course or cohort."""
    return _declare(Access("permission", permission))


def public(view: F) -> F:
    """For everybody, without signing in."""
    return _declare(Access("public"))(view)


def signed_in(view: F) -> F:
    """For everybody who has signed in; the view shows only the person's own things."""
    return _declare(Access("signed_in"))(view)


def writes(view: F) -> F:
    """A GET that writes: it leaves the read-only pool. Used with the rule above it."""
    view.bimtek_writes = True  # type: ignore[attr-defined]
    return view


def lasting(view: F) -> F:
    """Follows *installed* instead of enabled: what was promised to strangers stays there, such
    as the verification of a certificate. Used with the rule above it."""
    view.bimtek_lasting = True  # type: ignore[attr-defined]
    return view


def no_page(view: F) -> F:
    """Answers with a file, a redirect or a few words, not with a page: it has no slots."""
    view.bimtek_no_page = True  # type: ignore[attr-defined]
    return view


def is_static(endpoint: str | None) -> bool:
    """Whether the address is that of a static file of core, of a library or of a plugin."""
    return endpoint is not None and endpoint.rpartition(".")[2] == "static"


def webhook(view: F) -> F:
    """For other systems, by POST alone: without a session, without the token of a form, with a body
    of at most MOST_WEBHOOK_BYTES. Follows *installed* instead of enabled: what comes is stored, and
    worked on where the plugin is active. The view itself makes sure who sends."""
    return _declare(Access("webhook"))(view)


class MissingAccessRule(Exception):
    """A view that nobody said who may call."""

    def __init__(self, message: str, view: Callable[..., Any]) -> None:
        super().__init__(message)
        self.view = view


def access_of(endpoint: str, view: Callable[..., Any]) -> Access:
    if endpoint == "static" or getattr(view, "__name__", "") == "send_static_file":
        return Access("public")
    access: Access | None = getattr(view, ATTRIBUTE, None)
    if access is None:
        where = f"{view.__module__}.{getattr(view, '__qualname__', view)}"
        text = f"view '{endpoint}' ({where}) has no access rule; add @requires(…)"
        raise MissingAccessRule(text, view)
    return access


def _takes_webhooks(view: Callable[..., Any] | None) -> bool:
    access: Access | None = getattr(view, ATTRIBUTE, None)
    return access is not None and access.kind == "webhook"


def follows_installed(view: Callable[..., Any]) -> bool:
    """Whether the page is there although its plugin is disabled."""
    return getattr(view, "bimtek_lasting", False) or _takes_webhooks(view)


def is_webhook() -> bool:
    """Whether this request goes to a view for other systems."""
    return _takes_webhooks(current_app.view_functions.get(request.endpoint or ""))


def receive_webhook() -> None:
    """Before anything reads the request: nobody is signed in, and the body is small and kept raw.

    The cookies of a browser that was made to send it count for nothing.
    """
    if is_webhook():
        g.webhook = True
        g._login_user = AnonymousUserMixin()
        # Flask has no public way to give up a session that it has opened.
        request_ctx._session = current_app.session_interface.make_null_session(current_app)
        # One more than allowed: a body without length is cut at the limit without a word.
        request.max_content_length = MOST_WEBHOOK_BYTES + 1
        if len(request.get_data()) > MOST_WEBHOOK_BYTES:
            abort(413)


class FormProtection(CSRFProtect):
    """Asks for the token of a form everywhere but where other systems send."""

    def protect(self, *arguments: Any, **options: Any) -> None:
        if not is_webhook():
            super().protect(*arguments, **options)


def check_views(app: Flask) -> None:
    """Raises MissingAccessRule for the first view that says nothing."""
    for endpoint, view in app.view_functions.items():
        access_of(endpoint, view)


class PluginAbsent(NotFound):
    """The page of a plugin that is disabled here; a 404 like any other, with its reason."""

    def __init__(self, plugin: str | None, scope: Scope | None) -> None:
        super().__init__()
        self.plugin = plugin
        self.institution = scope.plugin_institution if scope else None


Resolver = Callable[[Any], Scope]


class Guard:
    """Asks before each request whether the page is there and the person may see it."""

    def __init__(
        self,
        active: Callable[[Any], frozenset[str]],
        installed: Callable[[str], bool],
        loaded: Mapping[str, Any],
        can: Callable[[Any, str, Scope | None], bool],
    ) -> None:
        self._active = active
        self._installed = installed
        self._loaded = loaded
        self._can = can
        self.resolvers: dict[str, Resolver] = {}

    def scope_of(self, arguments: Mapping[str, Any] | None) -> Scope | None:
        """The thing that the URL names, by its first known argument."""
        for name, value in (arguments or {}).items():
            if resolver := self.resolvers.get(name):
                return resolver(value)
        return None

    def plugin_of(self, endpoint: str) -> str | None:
        name = endpoint.partition(".")[0]
        return name if name in self._loaded else None

    def present(self, endpoint: str, scope: Scope | None) -> bool:
        """Whether the page is there: core's always, a plugin's where the plugin is active."""
        plugin = self.plugin_of(endpoint)
        if plugin is None:
            return True
        view = current_app.view_functions[endpoint]
        if follows_installed(view):
            return self._installed(plugin)
        return plugin in self._active(scope.plugin_institution if scope else None)

    def before_request(self) -> ResponseReturnValue | None:
        if request.routing_exception is not None:
            self._hide(request.routing_exception)
            return None
        endpoint = request.endpoint or ""
        view = current_app.view_functions[endpoint]
        access = access_of(endpoint, view)
        g.writes = getattr(view, "bimtek_writes", False)
        if access.kind not in {"public", "webhook"} and not current_user.is_authenticated:
            # A stranger learns nothing of institutions, only whether the site has the page.
            if not self.present(endpoint, None):
                abort(404)
            return current_app.login_manager.unauthorized()  # type: ignore[attr-defined, no-any-return]
        g.scope = scope = self.scope_of(request.view_args)
        if not self.present(endpoint, scope):
            raise PluginAbsent(self.plugin_of(endpoint), scope)
        if access.kind == "webhook" and request.method != "POST":
            raise MethodNotAllowed(["POST"])
        if access.kind == "permission" and not self._can(current_user, access.permission, scope):
            abort(403)
        return None

    def _hide(self, error: HTTPException) -> None:
        """A routing error of an absent plugin's rule is a plain 404."""
        try:
            endpoint, arguments = _behind(error)
            scope = self.scope_of(arguments) if current_user.is_authenticated else None
        except HTTPException:
            return
        if not self.present(endpoint, scope):
            request.routing_exception = NotFound()


def _behind(error: HTTPException) -> tuple[str, Mapping[str, Any]]:
    """The rule that a routing error speaks of. Raises the error where it speaks of none."""
    adapter = cast(MapAdapter, current_app.create_url_adapter(request))
    path, method = request.path, request.method
    for _hop in range(3):
        if isinstance(error, RequestRedirect):
            path = unquote(urlsplit(error.new_url).path).removeprefix(request.script_root)
        elif isinstance(error, MethodNotAllowed) and error.valid_methods:
            method = next(iter(error.valid_methods))
        else:
            break
        try:
            return adapter.match(path, method=method)
        except HTTPException as further:
            error = further
    raise error
