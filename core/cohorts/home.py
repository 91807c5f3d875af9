"""What a person finds on the home page: today's thing first, then what comes."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import url_for

from core.cohorts import queries
from core.cohorts.models import Cohort, CohortStaff, Enrolment
from core.cohorts.standing import Standing, shelf, standings
from core.courses.facts import view_urls
from core.courses.models import Course
from core.courses.queries import course_to_read
from core.db import db
from core.institutions.models import Institution
from core.people.access import held_by
from core.people.models import User
from core.plugin_engine.contributions import DashboardCard
from core.plugin_engine.engine import engine


@dataclass(frozen=True)
class Place:
    """One class and how each of its activities stands for a participant.

    Staff who look in have no enrolment, so nothing is done for them.
    """

    cohort: Cohort
    course: Course
    standing: tuple[Standing, ...]
    enrolment: Enrolment | None

    @property
    def next(self) -> Standing | None:
        """What can be done now: the session that is held, a required activity, any other."""
        open_now = [s for s in self.standing if s.state in {"open", "started", "failed"}]
        held = [s for s in open_now if s.held_now]
        # A session without a time cannot be entered yet.
        others = [s for s in open_now if not s.held]
        required = [s for s in others if s.activity.required]
        return next(iter(held or required or others), None)

    @property
    def coming(self) -> Sequence[Standing]:
        """What has a time ahead, soonest first."""
        waiting = [s for s in self.standing if s.state == "not_open"]
        return sorted(waiting, key=lambda s: s.opens_at or s.starts_at)[:4]  # type: ignore[arg-type, return-value]

    @property
    def next_url(self) -> str:
        """Where "continue" leads: to the next activity, else to the course."""
        course = url_for("cohorts.learn", cohort_code=self.cohort.code)
        if self.next is None:
            return course
        activity = self.next.activity
        return view_urls([activity], self.cohort.host, self.cohort).get(activity.id, course)

    @property
    def spines(self) -> list[str]:
        return shelf(self.standing)

    @property
    def done(self) -> int:
        return sum(s.state == "done" for s in self.standing)


@dataclass(frozen=True)
class Today:
    lead: Place | None
    others: tuple[Enrolment, ...]
    finished: tuple[Enrolment, ...]
    working_in: tuple[Cohort, ...]

    @property
    def hosts(self) -> set[Institution]:
        """Whose plugins show something on the person's home."""
        lead = (self.lead.cohort.host,) if self.lead else ()
        return {*lead, *(one.cohort.host for one in (*self.others, *self.finished))}


WORK_SHOWN = 6


def place_in(cohort: Cohort, enrolment: Enrolment | None) -> Place:
    """Reads the class once for a page: course, timetable and the participant's progress."""
    course = course_to_read(cohort.course_id)
    progress = queries.progress_of(enrolment) if enrolment else {}
    found = standings(cohort, course.activities, queries.times_of(cohort), progress)
    return Place(cohort, course, tuple(found.values()), enrolment)


def today(user: User) -> Today:
    """The class that needs the person now leads; a finished one never does."""
    enrolments = queries.enrolments_of(user)
    open_ones = sorted(
        (e for e in enrolments if e.completed_at is None), key=lambda e: e.cohort.starts_on
    )
    lead = open_ones[0] if open_ones else None
    return Today(
        lead=place_in(lead.cohort, lead) if lead else None,
        others=tuple(open_ones[1:]),
        finished=tuple(e for e in enrolments if e.completed_at is not None),
        working_in=_working_in(user),
    )


def _working_in(user: User) -> tuple[Cohort, ...]:
    """The classes that the person helps to run: what runs now first, then what comes."""
    order = ("running", "ahead", "draft", "over", "cancelled")
    newest = queries.cohorts_for(user, limit=4 * WORK_SHOWN)
    return tuple(sorted(newest, key=lambda cohort: order.index(cohort.phase))[:WORK_SHOWN])


def working_at(user: User) -> Sequence[Institution]:
    """Where the person works: by a role, or in a class that it hosts."""
    held = {grant.institution_id for grant in held_by(user)}
    staffed = sa.select(Cohort.host_id).join(CohortStaff).where(CohortStaff.user_id == user.id)
    where = sa.or_(Institution.id.in_(held), Institution.id.in_(staffed))
    return db.session.scalars(sa.select(Institution).where(where)).all()


def cards_for(user: User) -> list[DashboardCard]:
    """What plugins count for people who work here; participants are asked nothing for it."""
    if not (held_by(user) or queries.works_in_a_cohort(user)):
        return []
    places = working_at(user)
    return engine().collect("dashboard_cards", places, user=user, institutions=places)
