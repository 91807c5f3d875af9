"""Makes people, institutions, courses and cohorts for tests through the real services."""

from datetime import date, timedelta
from itertools import count
from typing import Any

from core.cohorts.models import Cohort, Enrolment
from core.cohorts.services import add_staff, create_cohort, enrol, publish_cohort, withdraw
from core.courses.models import Activity, Course, Section
from core.courses.services import add_activity, add_section, create_course, publish_course
from core.db import db
from core.institutions.models import Institution
from core.institutions.services import create_institution
from core.people.models import User
from core.people.services import grant_role, register_person
from core.plugin_engine import engine, lifecycle

TODAY = date(2026, 11, 23)


class Factory:
    """`make.user("Sukarno")`, `make.cohort(course)` …; whatever is not given is invented."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def _next(self) -> int:
        return next(self._numbers)

    def institution(
        self, name: str = "", parent: Institution | None = None, kind: str = "", **fields: Any
    ) -> Institution:
        kind = kind or ("library" if parent else "national")
        return create_institution(
            name or f"Institution {self._next()}", kind=kind, parent=parent, **fields
        )

    def user(self, full_name: str = "", password: str | None = None, **fields: Any) -> User:
        user = register_person(full_name or f"Person {self._next()}", **fields)
        user.password = password
        db.session.flush()
        return user

    def staff(self, role: str, institution: Institution, full_name: str = "") -> User:
        """A person who holds `role` in the institution and below it."""
        user = self.user(full_name or f"{role} {self._next()}", institution=institution)
        grant_role(user, role, institution, by=None)
        return user

    def course(self, institution: Institution, *, pages: int = 1, **fields: Any) -> Course:
        """A published course with `pages` required pages; `pages=0` leaves it an empty draft."""
        number = self._next()
        fields = {"code": f"C-{number}", "title": f"Course {number}", **fields}
        course = create_course(institution, by=None, **fields)
        if pages:
            section = self.section(course)
            for n in range(pages):
                self.page(section, f"Page {n + 1}")
            publish_course(course, by=None)
        return course

    def section(self, course: Course, title: str = "Material", **fields: Any) -> Section:
        return add_section(course, title, **fields)

    def page(self, section: Section, title: str = "Page", **fields: Any) -> Activity:
        return add_activity(section, "page", title, **{"body": "Text.", **fields})

    def cohort(self, course: Course, host: Institution | None = None, **fields: Any) -> Cohort:
        """A published cohort of the course, hosted by its owner unless said otherwise."""
        host = host or course.institution
        number = self._next()
        publish = fields.pop("publish", True)
        defaults: dict[str, Any] = {
            "code": f"K-{number}",
            "title": f"Class {number}",
            "starts_on": TODAY,
            "ends_on": TODAY + timedelta(days=1),
            "organiser": course.institution,
        }
        cohort = create_cohort(course, host=host, by=None, **{**defaults, **fields})
        if publish:
            publish_cohort(cohort, by=None)
        return cohort

    def enrolment(self, cohort: Cohort, user: User | None = None) -> Enrolment:
        return enrol(user or self.user(), cohort, via="organiser", by=None)

    def enabled(self, plugin: str, institution: Institution) -> None:
        """Enables a plugin for the institution and everything below it, committed."""
        lifecycle.enable(engine(), plugin, institution, by=None)
        db.session.commit()

    def disabled(self, plugin: str, institution: Institution) -> None:
        lifecycle.disable(engine(), plugin, institution, by=None)
        db.session.commit()

    def published(self, course: Course) -> None:
        """Publishes a course that was filled after it was made."""
        publish_course(course, by=None)

    def cohort_staff(self, cohort: Cohort, role: str, full_name: str = "") -> User:
        """A person on the staff list of the cohort, without any grant."""
        user = self.user(full_name or f"{role} {self._next()}")
        add_staff(cohort, user, role, by=None)
        return user

    def withdrawn(self, enrolment: Enrolment) -> None:
        withdraw(enrolment, by=None)
