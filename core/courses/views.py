"""The course editor: courses, their materials and activities, and how participants see them.

Staff of the owning institution may look; its authors may write. What participants open is in
`core.cohorts.views`.
"""

from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from core.cohorts.queries import class_counts, classes_scheduling, people_on_activity
from core.cohorts.standing import Standing
from core.courses import queries, services
from core.courses.downloads import send_stored_file, shows_in_browser
from core.courses.facts import edit_urls, facts_of, view_urls
from core.courses.forms import (
    FORMS,
    NEW_FORMS,
    ActivityForm,
    CourseForm,
    NewCourseForm,
    SectionForm,
    one_line,
    upload_hint,
)  # fmt: skip
from core.courses.models import Activity, Course, Section
from core.courses.outline import locators, outline
from core.courses.uploads import drop_bytes, keep_upload, release_file
from core.db import db
from core.errors import DomainError
from core.files import FileKindRefused, FileTooLarge
from core.forms import choices, row_id
from core.institutions.models import Institution
from core.people.access import can, institutions_where
from core.plugin_engine.contributions import ActivityKind, core_form
from core.plugin_engine.engine import engine
from core.plugin_engine.form_parts import FormParts, undo
from core.plugin_engine.guard import no_page, requires
from core.plugin_engine.settings import settable

pages = Blueprint("courses", __name__)
A_PAGE = 100
COURSE_FIELDS = ("code", "title", "summary", "lesson_hours", "language")


@pages.app_template_global()
def kind_icon(name: str) -> str:
    """The icon of a kind of activity; a plug for one that nobody brings any more."""
    found = engine().kinds.get(name)
    return found.icon if found else "plug"


@pages.app_template_global()
def kind_title(name: str) -> str:
    found, plugin = engine().kinds.get(name), name.partition(".")[0]
    otherwise = _("Plugin %(name)s", name=plugin)
    if found is None:
        return otherwise
    return engine().spoken(plugin, f"title of {name}", lambda: str(found.title), otherwise)


@pages.app_template_global()
def kind_removed(name: str) -> bool:
    return engine().removed(name)


def _course() -> Course:
    """The page's course with everything in it; two changes of it happen one after the other."""
    read = queries.course_for_change if request.method == "POST" else queries.whole_course
    return read(g.scope.id) or abort(404)


def _section(course: Course, section_id: int) -> Section:
    return next((s for s in course.sections if s.id == section_id), None) or abort(404)


def _activity(course: Course, activity_id: int) -> Activity:
    return next((a for a in course.activities if a.id == activity_id), None) or abort(404)


def _editor(course: Course, anchor: str = "", **arguments: Any) -> ResponseReturnValue:
    """Back to the editor, to the thing that was changed."""
    target = url_for("courses.edit", course_id=course.id, _anchor=anchor or None, **arguments)
    return redirect(target)


# Courses


@pages.get("/courses")
@requires("courses.view")
def listing() -> ResponseReturnValue:
    search, after = (one_line(request.args.get(name))[:100] for name in ("q", "after"))
    found = queries.courses_in(
        institutions_where(current_user, "courses.view"),
        search=search,
        after=after,
        limit=A_PAGE + 1,
    )
    courses = found[:A_PAGE]
    more_url = None
    if len(found) > A_PAGE:
        more_url = url_for("courses.listing", q=search or None, after=courses[-1].code)
    return render_template(
        "courses/listing.html",
        courses=courses,
        search=search,
        more_url=more_url,
        searchable=bool(search or after or more_url),
        activities=queries.activity_counts(courses),
        classes=class_counts([course.id for course in courses]),
        may_author=can(current_user, "courses.author"),
    )


@pages.route("/courses/new", methods=["GET", "POST"])
@requires("courses.author")
def new() -> ResponseReturnValue:
    form = NewCourseForm()
    owners = {i.id: i for i in queries.owners(institutions_where(current_user, "courses.author"))}
    form.institution_id.choices = choices((i.id, i.name) for i in owners.values())
    if not owners:
        return render_template("courses/new.html", owners=owners)
    owner = owners.get(form.institution_id.data) or next(iter(owners.values()))
    parts = _parts(owner)
    if form.is_submitted() and parts.validate_with(form):
        course = _created(form, owner, parts)
        if course is not None:
            return _editor(course)
    return render_template("courses/new.html", form=form, owners=owners, added=parts.shown())


def _parts(owner: Institution, course: Course | None = None) -> FormParts:
    by = current_user._get_current_object()
    return FormParts("course_form_parts", owner, course=course, owner=owner, by=by)


def _filled(form: CourseForm) -> dict[str, Any]:
    """Core's own fields of a course."""
    return {name: form[name].data for name in COURSE_FIELDS if name in form}


def _created(form: NewCourseForm, owner: Institution, parts: FormParts) -> Course | None:
    """The new course, or the one that a first press made; None with the reason in the form."""
    try:
        course = services.create_course(owner, by=current_user, **_filled(form))
        parts.save(course)
    except services.CodeTaken as taken:
        form.code.errors = [taken.message]
        return _just_made(owner.id, form)
    except DomainError as refused:
        undo(form, refused)
        return None
    db.session.commit()
    flash(_("The course is there. Begin with its first material."), "ok")
    return course


def _just_made(owner_id: int, form: NewCourseForm) -> Course | None:
    """The course that a first press of the same button made, still empty."""
    course = queries.by_code(form.code.data)
    if course is None or course.institution_id != owner_id or course.sections:
        return None
    return course if course.title == form.title.data else None


@pages.get("/courses/<int:course_id>")
@requires("courses.view")
def edit(course_id: int) -> ResponseReturnValue:
    course = _course()
    institution, activities = course.institution, course.activities
    may_author = can(current_user, "courses.author", course)
    asked = may_author and course.status == "draft" and "publishing" in request.args
    return render_template(
        "courses/edit.html",
        course=course,
        materials=outline(course),
        may_author=may_author,
        facts=facts_of(activities, institution),
        edit_urls=edit_urls(activities, institution) if may_author else {},
        view_urls=view_urls(activities, institution),
        available={kind.name for kind in engine().available_kinds(institution)},
        place=_place,
        classes=class_counts([course.id]).get(course.id, 0),
        reasons=services.reasons_not_to_publish(course) if asked else [],
    )


@pages.route("/courses/<int:course_id>/settings", methods=["GET", "POST"])
@requires("courses.author")
def settings(course_id: int) -> ResponseReturnValue:
    course: Course = g.scope
    form = CourseForm(obj=course)
    parts = _parts(course.institution, course)
    if form.is_submitted() and parts.validate_with(form):
        try:
            services.change_course(course, by=current_user, **_filled(form))
            parts.save(course)
        except DomainError as refused:
            undo(form, refused)
        else:
            db.session.commit()
            flash(_("Saved."), "ok")
            return _editor(course)
    return render_template(
        "courses/settings.html",
        form=form,
        course=course,
        plugins=settable(course),
        added=parts.shown(),
    )


@pages.post("/courses/<int:course_id>/publish")
@requires("courses.author")
def publish(course_id: int) -> ResponseReturnValue:
    course = _course()
    try:
        services.publish_course(course, by=current_user)
    except services.NotReady:
        return _editor(course, publishing=1)
    db.session.commit()
    flash(_("The course is published. Classes can be opened with it."), "ok")
    return _editor(course)


@pages.post("/courses/<int:course_id>/withdraw")
@requires("courses.author")
def withdraw(course_id: int) -> ResponseReturnValue:
    course: Course = g.scope
    services.withdraw_course(course, by=current_user)
    db.session.commit()
    flash(_("The course is a draft again. Classes that run go on."), "ok")
    return _editor(course)


# Materials


@pages.route("/courses/<int:course_id>/sections/new", methods=["GET", "POST"])
@requires("courses.author")
def new_section(course_id: int) -> ResponseReturnValue:
    course = _course()
    form = SectionForm()
    if form.validate_on_submit():
        section = _sent_section(course, form.title.data) or services.add_section(
            course,
            form.title.data,
            numbered=form.numbered.data,
            lesson_hours=form.lesson_hours.data or 0,
        )
        db.session.commit()
        return _editor(course, f"section-{section.id}")
    return render_template("courses/section.html", form=form, course=course, section=None)


def _sent_section(course: Course, title: str) -> Section | None:
    """The last material when a first press of the same button made it just now."""
    last = course.sections[-1] if course.sections else None
    return last if last and last.title == title and not last.activities else None


@pages.route("/courses/<int:course_id>/sections/<int:section_id>", methods=["GET", "POST"])
@requires("courses.author")
def edit_section(course_id: int, section_id: int) -> ResponseReturnValue:
    course = _course()
    section = _section(course, section_id)
    form = SectionForm(obj=section)
    if form.validate_on_submit():
        form.populate_obj(section)
        db.session.commit()
        return _editor(course, f"section-{section.id}")
    return render_template("courses/section.html", form=form, course=course, section=section)


@pages.route("/courses/<int:course_id>/sections/<int:section_id>/delete", methods=["GET", "POST"])
@requires("courses.author")
def delete_section(course_id: int, section_id: int) -> ResponseReturnValue:
    course = _course()
    section = _section(course, section_id)
    if request.method == "POST":
        services.delete_section(section, by=current_user)
        db.session.commit()
        flash(_("The material was deleted."), "ok")
        return _editor(course)
    return render_template("courses/delete_section.html", course=course, section=section)


@pages.post("/courses/<int:course_id>/sections/<int:section_id>/move")
@requires("courses.author")
def move_section(course_id: int, section_id: int) -> ResponseReturnValue:
    course = _course()
    section = _section(course, section_id)
    if _first_press(section):
        services.move_section(section, _step())
        db.session.commit()
    return _editor(course, f"section-{section.id}")


def _step() -> int:
    return -1 if request.form.get("step") == "-1" else 1


def _place(item: Section | Activity) -> str:
    """Where a thing stands now; the buttons that move it send it along."""
    if isinstance(item, Activity):
        return f"{item.section_id}:{item.position}:{item.part}"
    return str(item.position)


def _first_press(item: Section | Activity) -> bool:
    """Whether the item still stands where the page showed it: a second press moves nothing."""
    return request.form.get("place") in {None, _place(item)}


# Activities


@pages.route("/courses/<int:course_id>/activities/new", methods=["GET", "POST"])
@requires("courses.author")
def new_activity(course_id: int) -> ResponseReturnValue:
    """First the kind is chosen, then its form filled in."""
    course = _course()
    if not course.sections:
        flash(_("Begin with a material; activities stand in it."), "info")
        return redirect(url_for("courses.new_section", course_id=course.id))
    section_id = request.args.get("section", course.sections[-1].id, type=row_id)
    section = _section(course, section_id)
    kinds = engine().available_kinds(course.institution)
    wanted = request.args.get("kind")
    if not wanted:
        return render_template("courses/kinds.html", course=course, section=section, kinds=kinds)
    kind = next((k for k in kinds if k.name == wanted), None) or abort(404)
    form = _activity_form(NEW_FORMS, kind.name, course, section_id=section.id)
    if form.validate_on_submit() and (activity := _add(form, course, kind)):
        return _after_adding(activity, course)
    return _activity_page(form, course, kind=kind.name, section=section)


def _activity_form(
    forms: dict[str, type[ActivityForm]], kind: str, course: Course, **filled: Any
) -> ActivityForm:
    form = forms.get(kind, ActivityForm)(**filled)
    form.section_id.choices = choices(
        (m.section.id, f"{m.number}. {m.section.title}" if m.number else m.section.title)
        for m in outline(course)
    )
    return form


def _activity_page(form: ActivityForm, course: Course, **context: Any) -> ResponseReturnValue:
    parts_known = sorted({a.part for a in course.activities if a.part})
    return render_template(
        "courses/activity.html",
        form=form,
        course=course,
        parts_known=parts_known,
        upload_hint=upload_hint(),
        **context,
    )


def _values(form: ActivityForm) -> dict[str, Any] | None:
    """What was filled in, a new file kept; None when the file is refused."""
    values = dict(form.values())
    if "upload" in form and form["upload"].data:
        try:
            values["file"] = keep_upload(form["upload"].data)
        except (FileTooLarge, FileKindRefused) as refused:
            form["upload"].errors = [refused.message]
            return None
    return values


def _add(form: ActivityForm, course: Course, kind: ActivityKind) -> Activity | None:
    values = _values(form)
    if values is None:
        return None
    section = _section(course, form.section_id.data)
    if sent_twice := services.twin_of(section, kind.name, **values):
        drop_bytes(values["file"].key if "file" in values else "")
        return sent_twice
    activity = services.add_activity(section, kind.name, by=current_user, **values)
    db.session.commit()
    return activity


def _after_adding(activity: Activity, course: Course) -> ResponseReturnValue:
    """A plugin's activity is written on the plugin's own page, core's is whole already."""
    elsewhere = edit_urls([activity], course.institution) if "." in activity.kind else {}
    if (url := elsewhere.get(activity.id)) and url != core_form(activity):
        return redirect(url)
    return _editor(course, f"activity-{activity.id}")


@pages.route("/courses/<int:course_id>/activities/<int:activity_id>", methods=["GET", "POST"])
@requires("courses.author")
def edit_activity(course_id: int, activity_id: int) -> ResponseReturnValue:
    course = _course()
    activity = _activity(course, activity_id)
    form = _activity_form(FORMS, activity.kind, course, obj=activity)
    if form.validate_on_submit() and _change(form, activity, course):
        return _editor(course, f"activity-{activity.id}")
    return _activity_page(
        form,
        course,
        kind=activity.kind,
        section=activity.section,
        activity=activity,
        available=engine().kind(activity.kind, course.institution) is not None,
        content_url=_content_url(activity, course),
    )


def _content_url(activity: Activity, course: Course) -> str | None:
    """Where a plugin's content is written, when that is not this very form."""
    url = edit_urls([activity], course.institution).get(activity.id)
    return None if url == core_form(activity) else url


def _change(form: ActivityForm, activity: Activity, course: Course) -> bool:
    values = _values(form)
    if values is None:
        return False
    replaced = activity.file if "file" in values else None
    services.move_to_section(activity, _section(course, form.section_id.data))
    services.change_activity(activity, by=current_user, **values)
    gone = release_file(replaced)
    db.session.commit()
    drop_bytes(gone)
    return True


@pages.post("/courses/<int:course_id>/activities/<int:activity_id>/move")
@requires("courses.author")
def move_activity(course_id: int, activity_id: int) -> ResponseReturnValue:
    course = _course()
    activity = _activity(course, activity_id)
    if _first_press(activity):
        services.move_activity(activity, _step())
        db.session.commit()
    return _editor(course, f"activity-{activity.id}")


@pages.route(
    "/courses/<int:course_id>/activities/<int:activity_id>/delete", methods=["GET", "POST"]
)
@requires("courses.author")
def delete_activity(course_id: int, activity_id: int) -> ResponseReturnValue:
    """Says what is lost before anything is."""
    course = _course()
    activity = _activity(course, activity_id)
    if request.method == "POST":
        return _delete(activity, course)
    return render_template(
        "courses/delete_activity.html",
        course=course,
        activity=activity,
        people=people_on_activity(activity),
        classes=classes_scheduling(activity),
    )


def _delete(activity: Activity, course: Course) -> ResponseReturnValue:
    section, file = activity.section_id, activity.file
    try:
        services.delete_activity(activity, by=current_user)
    except DomainError as refused:
        db.session.rollback()
        flash(refused.message, "error")
        return _editor(course, f"activity-{activity.id}")
    gone = release_file(file)
    db.session.commit()
    drop_bytes(gone)
    flash(_("The activity was deleted."), "ok")
    return _editor(course, f"section-{section}")


# As participants see it


@pages.get("/courses/<int:course_id>/preview")
@requires("courses.view")
def preview(course_id: int) -> ResponseReturnValue:
    course = _course()
    urls = view_urls(course.activities, course.institution)
    away = [a for a in course.activities if not engine().kind(a.kind, course.institution)]
    return render_template(
        "courses/preview.html",
        course=course,
        materials=outline(course),
        standing={activity.id: Standing(activity, "unavailable") for activity in away},
        urls=urls,
        facts=facts_of(course.activities, course.institution),
    )


@pages.get("/courses/<int:course_id>/activities/<int:activity_id>/preview")
@requires("courses.view")
def preview_activity(course_id: int, activity_id: int) -> ResponseReturnValue:
    course = _course()
    activity = _activity(course, activity_id)
    urls = view_urls(course.activities, course.institution)
    if "." in activity.kind and activity.id in urls:
        return redirect(urls[activity.id])
    order = [a for a in course.activities if a.id in urls or a is activity]
    at = order.index(activity)
    following = order[at + 1] if at + 1 < len(order) else None
    return render_template(
        "courses/preview_activity.html",
        course=course,
        activity=activity,
        locator=locators(course)[activity.id],
        following=following,
        following_url=urls[following.id] if following else None,
        opens=bool(activity.file and shows_in_browser(activity.file)),
    )


@pages.get("/courses/<int:course_id>/files/<int:activity_id>")
@requires("courses.view")
@no_page
def file(course_id: int, activity_id: int) -> ResponseReturnValue:
    activity = queries.activity_of(g.scope, activity_id)
    if activity is None or activity.file is None:
        abort(404)
    return send_stored_file(activity.file)
