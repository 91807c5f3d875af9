"""Pages in a class, on the site as a whole, and for everybody."""

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from core.api import public, requires

pages = Blueprint("good", __name__, url_prefix="/good", template_folder="templates")


@pages.get("/classes/<cohort_code>/notes/")
@requires("good.see")
def notes(cohort_code: str) -> ResponseReturnValue:
    return render_template("good/page.html", title=g.scope.title)


@pages.post("/classes/<cohort_code>/add")
@requires("good.see")
def add(cohort_code: str) -> ResponseReturnValue:
    return request.form["text"]


@pages.get("/overview")
@requires("good.see")
def overview() -> ResponseReturnValue:
    return "overview"


@pages.get("/open")
@public
def open_page() -> ResponseReturnValue:
    return "open"
