"""The plugins of the whole site: installing, upgrading, removing, restoring.

For those whose right to install holds at the root of the tree. Each step is asked for by POST.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from core.db import db
from core.errors import DomainError
from core.files import content_disposition, export_name
from core.institutions.queries import root
from core.plugin_engine import archive, archives, lifecycle, removal
from core.plugin_engine.catalogue import title_of
from core.plugin_engine.decisions import closure
from core.plugin_engine.engine import engine
from core.plugin_engine.settings import SITE, settable
from core.plugin_engine.site import behind, comes_along, left_in_courses, site_plugins
from core.plugin_engine.views import for_site, pages


def _done(message: str) -> ResponseReturnValue:
    flash(message, "ok")
    return redirect(url_for("plugins.site"))


@contextmanager
def _saying_why() -> Iterator[None]:
    """A refusal becomes a sentence on the page of the site."""
    try:
        yield
    except DomainError as refused:
        db.session.rollback()
        flash(refused.message, "error")


@pages.get("/plugins/site")
@for_site
def site() -> ResponseReturnValue:
    kept = archives.all_kept()
    return render_template(
        "plugins/site.html",
        plugins=site_plugins(engine()),
        behind=behind(engine()),
        settable=settable(SITE),
        top=root(),
        archived=len(kept),
        waiting=archives.waiting(engine(), kept),
    )


# Installing and upgrading


@pages.route("/plugins/site/<plugin>/install", methods=["GET", "POST"])
@for_site
def install(plugin: str) -> ResponseReturnValue:
    """Shows what comes along, then installs all of it or nothing."""
    if plugin not in engine().loaded:
        abort(404)
    if request.method == "GET":
        new = comes_along(engine(), plugin)
        return render_template(
            "plugins/install.html",
            name=plugin,
            title=title_of(engine(), plugin),
            new=[(one.name, title_of(engine(), one.name), one.version) for one in new],
            left=left_in_courses(one.name for one in new),
            waiting=archives.waiting(engine(), archives.all_kept()),
        )
    with _saying_why():
        names = lifecycle.install(engine(), [plugin], by=current_user)
        titles = ", ".join(title_of(engine(), name) for name in names)
        return _done(
            _("Installed: %(titles)s. Institutions can enable it now.", titles=titles)
            if names
            else _("It was installed already.")
        )
    return redirect(url_for("plugins.site"))


@pages.post("/plugins/site/<plugin>/upgrade")
@for_site
def upgrade(plugin: str) -> ResponseReturnValue:
    return _upgrade([plugin])


@pages.post("/plugins/upgrade")
@for_site
def upgrade_all() -> ResponseReturnValue:
    """Every plugin that there is something to upgrade of, all or none."""
    return _upgrade(behind(engine()))


def _upgrade(names: list[str]) -> ResponseReturnValue:
    with _saying_why():
        moved = lifecycle.upgrade(engine(), names, by=current_user)
        steps = ", ".join(f"{title_of(engine(), one.name)} {one.after}" for one in moved)
        return _done(_("Upgraded: %(steps)s.", steps=steps) if moved else _("It is up to date."))
    return redirect(url_for("plugins.site"))


# Removing


@pages.route("/plugins/site/<plugin>/remove", methods=["GET", "POST"])
@for_site
def remove(plugin: str) -> ResponseReturnValue:
    """Shows what would be lost; after the plugin's name was typed, keeps an archive and drops."""
    gone = plugin not in engine().manifests
    try:
        found = (removal.remains if gone else removal.removal)(engine(), plugin)
    except DomainError:
        abort(404)
    typed = request.form.get("name", "").strip()
    if request.method == "POST" and typed == plugin:
        with _saying_why():
            step = removal.forget if gone else removal.uninstall
            step(
                engine(), plugin, keep=archives.keeper(plugin, found.version or "0"),
                by=current_user,
            )  # fmt: skip
            text = _("%(title)s was removed. Its data is in the archives.", title=found.title)
            return _done(text)
        return redirect(url_for("plugins.site"))
    wrong = request.method == "POST"
    return render_template("plugins/remove.html", found=found, gone=gone, wrong=wrong)


# Archives


@pages.get("/plugins/archives")
@for_site
def archive_list() -> ResponseReturnValue:
    return render_template(
        "plugins/archives.html",
        archives=archives.all_kept(),
        installed=engine().enablement.snapshot().installed,
        loaded=engine().loaded,
        titles={one: title_of(engine(), one) for one in engine().manifests},
    )


@pages.post("/plugins/site/<plugin>/export")
@for_site
def export(plugin: str) -> ResponseReturnValue:
    """Keeps an archive and changes nothing."""
    version = engine().enablement.snapshot().installed.get(plugin)
    if version is None:
        abort(404)
    with _saying_why():
        removal.export(engine(), plugin, archives.keeper(plugin, version), by=current_user)
        flash(_("An archive of %(title)s was made.", title=title_of(engine(), plugin)), "ok")
    return redirect(url_for("plugins.archive_list"))


@pages.post("/plugins/archives/<name>/download")
@for_site
def archive_download(name: str) -> ResponseReturnValue:
    found = archives.kept(name)
    archives.note("plugin.archive_download", found, by=current_user)
    db.session.commit()
    response = Response(archives.content_of(found), mimetype="application/zip")
    response.headers["Content-Length"] = str(found.size)
    response.headers["Content-Disposition"] = content_disposition(
        export_name(found.name), inline=False
    )
    return response


@pages.post("/plugins/archives/<name>/delete")
@for_site
def archive_delete(name: str) -> ResponseReturnValue:
    archives.delete(archives.kept(name), by=current_user)
    db.session.commit()
    flash(_("The archive was deleted."), "ok")
    return redirect(url_for("plugins.archive_list"))


class ArchiveBefore(DomainError):
    def __init__(self, title: str, others: list[str]) -> None:
        super().__init__(
            _("%(title)s needs %(others)s, of which an archive waits as well. Restore that first; "
              "otherwise it would begin empty.", title=title, others=", ".join(others))
        )  # fmt: skip


def _refuse_empty_needs(plugin: str) -> None:
    """What is installed along begins empty, and its own archive could not be restored then."""
    waiting = archives.waiting(engine(), archives.all_kept())
    needs = [one.name for one in closure(engine(), [plugin]) if one.name != plugin]
    if found := [title_of(engine(), name) for name in needs if name in waiting]:
        raise ArchiveBefore(title_of(engine(), plugin), found)


@pages.post("/plugins/archives/<name>/restore")
@for_site
def archive_restore(name: str) -> ResponseReturnValue:
    """Installs the plugin with the data of the archive, which stays."""
    kept = archives.kept(name)
    with _saying_why(), archives.opened(kept) as file:
        _refuse_empty_needs(kept.plugin)
        found = archive.restore(engine(), file, by=current_user)
        flash(
            ngettext(
                "%(title)s is back with %(num)d row.",
                "%(title)s is back with %(num)d rows.",
                found.rows,
                title=title_of(engine(), found.name),
            ),
            "ok",
        )
        if lost := sum(one.rows for one in found.lost):
            flash(
                ngettext(
                    "%(num)d row did not come back, because what it belonged to is gone.",
                    "%(num)d rows did not come back, because what they belonged to is gone.",
                    lost,
                ),
                "warn",
            )
        if found.kept_out:
            flash(found.kept_out_sentence, "warn")
        for failed in found.failed_links:
            flash(failed.message, "warn")
        if found.along:
            titles = ", ".join(title_of(engine(), one) for one in found.along)
            flash(_("It needs %(titles)s, installed along and empty.", titles=titles), "warn")
        return redirect(url_for("plugins.site"))
    return redirect(url_for("plugins.archive_list"))
