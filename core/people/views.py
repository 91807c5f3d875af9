"""Getting in, the person's home and own settings.

Whoever has a link, a code or a password gets in; where a phone is shared the page asks
which name, and the answer is checked against what the secret proved.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)  # fmt: skip
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import refresh
from flask_login import current_user
from flask_security import login_user, logout_user, verify_password
from sqlalchemy import text

from core.cohorts.home import cards_for, today
from core.cohorts.queries import hosts_for
from core.db import db, now
from core.errors import DomainError
from core.forms import choices
from core.limits import limiter, sign_in_name
from core.navigation import MOST, all_entries
from core.people.forms import (
    ChangePasswordForm,
    CodeForm,
    PasswordForm,
    ProfileForm,
    SignInForm,
    WhoForm,
)  # fmt: skip
from core.people.models import OneTimeAccess, User
from core.people.queries import by_sign_in_name
from core.people.services import (
    AccessInvalid,
    PasswordRefused,
    Proof,
    access_by_token,
    prove_by_code,
    prove_by_password,
    set_password,
    sign_in_names,
    use_access,
)
from core.plugin_engine.form_parts import FormParts, undo
from core.plugin_engine.guard import no_page, public, signed_in

pages = Blueprint("people", __name__)
CHOICE = "choosing"
CHOICE_SECONDS = 600


def safe_target(target: str | None) -> str | None:
    """A path of this site, or None: never a way to another host."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    return None if urlsplit(target).netloc or "\n" in target else target


def _enter(user: User, access: OneTimeAccess | None = None) -> ResponseReturnValue:
    """Signs the person in; after one-time access the next step is a password."""
    for word in (CHOICE, "language", "may_set_password"):
        session.pop(word, None)
    if access is not None:
        use_access(access)
    login_user(user, remember=True, authn_via=["access" if access else "password"])
    user.last_login_at = now()
    db.session.commit()
    if access is not None or not user.password:
        session["may_set_password"] = True
        return redirect(url_for("people.new_password"))
    return redirect(_after_sign_in())


def _after_sign_in() -> str:
    """The page that was asked for before signing in, else the home page."""
    return safe_target(session.pop("after_sign_in", None)) or url_for("people.home")


def _proceed(proof: Proof, *, by_access: bool) -> ResponseReturnValue | None:
    """Into the house, or to the question which name; None when the secret was wrong.

    What was proven is kept with the person's session mark and the very access, so that it is
    worth nothing after a new password, a newer code, or ten minutes.
    """
    if proof.only:
        return _enter(proof.only, proof.accesses.get(proof.only.id))
    if not proof.proven:
        return None
    session[CHOICE] = {
        "at": now().timestamp(),
        "by_access": by_access,
        "candidates": [user.id for user in proof.candidates],
        "proven": {str(user.id): user.fs_uniquifier for user in proof.proven},
        "accesses": {str(key): access.id for key, access in proof.accesses.items()},
    }
    return redirect(url_for("people.which_name"))


@pages.get("/")
@public
@no_page
def start() -> ResponseReturnValue:
    return redirect(url_for("people.home" if current_user.is_authenticated else "people.sign_in"))


@pages.route("/sign-in", methods=["GET", "POST"])
@public
@limiter.limit("10/minute", key_func=sign_in_name, methods=["POST"])
@limiter.limit("300/minute", methods=["POST"])
def sign_in() -> ResponseReturnValue:
    if target := safe_target(request.args.get("next")):
        session["after_sign_in"] = target
    form = SignInForm(name=request.args.get("name", ""))
    if form.validate_on_submit():
        proof = prove_by_password(by_sign_in_name(form.name.data), form.password.data)
        if answer := _proceed(proof, by_access=False):
            return answer
        form.form_errors.append(
            _("Name or password is not right. Try again, or ask the committee for a new code.")
        )
    return render_template("people/sign_in.html", form=form, demo=current_app.config["DEMO"])


@pages.route("/sign-in/code", methods=["GET", "POST"])
@public
@limiter.limit("10/minute", key_func=sign_in_name, methods=["POST"])
@limiter.limit("300/minute", methods=["POST"])
def sign_in_with_code() -> ResponseReturnValue:
    form = CodeForm(name=request.args.get("name", ""))
    if form.validate_on_submit():
        proof = prove_by_code(by_sign_in_name(form.name.data), form.code.data)
        db.session.commit()
        if answer := _proceed(proof, by_access=True):
            return answer
        form.form_errors.append(
            _(
                "This code does not fit, or it has expired. "
                "Check it, or ask the committee for a new one."
            )
        )
    return render_template("people/code.html", form=form)


@pages.route("/sign-in/who", methods=["GET", "POST"])
@public
@limiter.limit("60/minute", methods=["POST"])
def which_name() -> ResponseReturnValue:
    choice = session.get(CHOICE)
    if not choice or now().timestamp() - choice["at"] > CHOICE_SECONDS:
        session.pop(CHOICE, None)
        return redirect(url_for("people.sign_in"))
    people = _people(choice["candidates"])
    form = WhoForm()
    form.who.choices = choices((str(user.id), user.display_name) for user in people)
    if form.validate_on_submit():
        return _chosen(next(u for u in people if str(u.id) == form.who.data), choice)
    return render_template("people/who.html", form=form, people=people)


def _people(ids: Sequence[int]) -> Sequence[User]:
    query = db.select(User).where(User.id.in_(ids), User.active).order_by(User.name_key)
    return db.session.scalars(query).all()


def _chosen(user: User, choice: dict[str, Any]) -> ResponseReturnValue:
    if choice["proven"].get(str(user.id)) == user.fs_uniquifier:
        access = choice["accesses"].get(str(user.id))
        return _enter(user, db.session.get(OneTimeAccess, access) if access else None)
    session.pop(CHOICE, None)
    flash(
        _("That secret belongs to another name. Sign in as %(name)s with your own.",
          name=user.display_name), "warn")  # fmt: skip
    way = "people.sign_in_with_code" if choice["by_access"] else "people.sign_in"
    return redirect(url_for(way, name=user.number))


@pages.get("/k/<token>")
@public
def link(token: str) -> ResponseReturnValue:
    """Shows whom the link is for. Opening it uses nothing up: messengers look at links too."""
    try:
        access = access_by_token(token)
    except AccessInvalid as refused:
        return render_template("people/link_invalid.html", message=refused.message), 410
    return render_template("people/link.html", person=access.user, token=token)


@pages.post("/k/<token>")
@public
@limiter.limit("60/minute")
def use_link(token: str) -> ResponseReturnValue:
    try:
        access = access_by_token(token)
        return _enter(access.user, access)
    except AccessInvalid as refused:
        db.session.rollback()
        return render_template("people/link_invalid.html", message=refused.message), 410


@pages.route("/password/new", methods=["GET", "POST"])
@signed_in
def new_password() -> ResponseReturnValue:
    """After one-time access: a password without being asked for an old one."""
    if current_user.password and not session.get("may_set_password"):
        return redirect(url_for("people.change_password"))
    form = PasswordForm()
    if form.validate_on_submit() and _set_password(form):
        flash(_("Your password is set. Next time you sign in with it."), "ok")
        return redirect(_after_sign_in())
    name = sign_in_names([current_user])[current_user.id]
    return render_template("people/new_password.html", form=form, sign_in_name=name)


@pages.route("/password", methods=["GET", "POST"])
@signed_in
@limiter.limit("10/minute", methods=["POST"])
def change_password() -> ResponseReturnValue:
    form = ChangePasswordForm()
    if form.validate_on_submit():
        if not verify_password(form.current.data, current_user.password or ""):
            form.current.errors = [_("This is not your present password.")]
        elif _set_password(form):
            flash(_("Your password was changed. Other devices are signed out."), "ok")
            return redirect(url_for("people.profile"))
    return render_template("people/change_password.html", form=form)


def _set_password(form: PasswordForm) -> bool:
    user = current_user._get_current_object()
    try:
        set_password(user, form.password.data)
    except PasswordRefused as refused:
        form.password.errors = [refused.message]
        return False
    db.session.commit()
    session.pop("may_set_password", None)
    login_user(user, remember=True, authn_via=["password"])
    return True


@pages.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    session.clear()
    logout_user()  # after clearing: it leaves a word in the session that ends the long cookie
    return redirect(url_for("people.sign_in"))


@pages.post("/language")
@public
def set_language() -> ResponseReturnValue:
    chosen = request.form.get("locale", "")
    if chosen in {"id", "en"}:
        session["language"] = chosen
        if current_user.is_authenticated:
            current_user.language = chosen
            db.session.commit()
        refresh()
    return redirect(safe_target(request.form.get("next")) or url_for("people.start"))


@pages.get("/home")
@signed_in
def home() -> ResponseReturnValue:
    found = today(current_user)
    return render_template(
        "people/home.html", today=found, cards=cards_for(current_user), hosts=found.hosts, now=now()
    )


@pages.get("/more")
@signed_in
def more() -> ResponseReturnValue:
    return render_template("people/more.html", entries=all_entries()[MOST - 1 :])


@pages.route("/profile", methods=["GET", "POST"])
@signed_in
def profile() -> ResponseReturnValue:
    user = current_user._get_current_object()
    form = ProfileForm(obj=user)
    parts = FormParts("user_form_parts", hosts_for(user), user=user, cohort=None, by=user)
    if form.is_submitted() and parts.validate_with(form):
        form.populate_obj(user)
        try:
            parts.save(user)
        except DomainError as refused:
            undo(form, refused)
        else:
            session.pop("language", None)
            db.session.commit()
            refresh()
            flash(_("Saved."), "ok")
            return redirect(url_for("people.profile"))
    name = sign_in_names([user])[user.id]
    return render_template("people/profile.html", form=form, added=parts.shown(), sign_in_name=name)


@pages.get("/help")
@public
def help() -> ResponseReturnValue:
    return render_template("people/help.html")


@pages.get("/health")
@public
@limiter.exempt
@no_page
def health() -> ResponseReturnValue:
    """For a load balancer: the process answers and reaches its database."""
    db.session.execute(text("SELECT 1"))
    return jsonify(status="ok")
