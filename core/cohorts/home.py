"""What a person finds on the home page: today's thing first, then what comes."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for

from core.cohorts import queries
from core.cohorts.models import Cohort, Enrolment
from core.cohorts.standing import Standing, shelf, standings
from core.courses.facts import view_urls
from core.courses.queries import whole_course
from core.people.models import User


@dataclass(frozen=True)
class Place:
    """One class of a participant with everything the home page shows of it."""

    enrolment: Enrolment
    standing: tuple[Standing, ...]

    @property
    def cohort(self) -> Cohort:
        return self.enrolment.cohort

    @property
    def next(self) -> Standing | None:
        """The first activity that can be done now; a required one before others."""
        open_now = [s for s in self.standing if s.state in {"open", "started", "failed"}]
        required = [s for s in open_now if s.activity.required]
        return next(iter(required or open_now), None)

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


def place_of(enrolment: Enrolment) -> Place:
    cohort = enrolment.cohort
    course = whole_course(cohort.course_id)
    activities = course.activities if course else []
    found = standings(
        cohort, activities, queries.schedule_of(cohort), queries.progress_of(enrolment)
    )
    return Place(enrolment, tuple(found[activity.id] for activity in activities))


def today(user: User) -> Today:
    """The class that needs the person now leads; a finished one never does."""
    enrolments = queries.enrolments_of(user)
    open_ones = sorted(
        (e for e in enrolments if e.completed_at is None), key=lambda e: e.cohort.starts_on
    )
    lead = open_ones[0] if open_ones else None
    return Today(
        lead=place_of(lead) if lead else None,
        others=tuple(open_ones[1:]),
        finished=tuple(e for e in enrolments if e.completed_at is not None),
    )
