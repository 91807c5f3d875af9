"""What plugins show a person about the person's own things, and ask about people."""

from collections.abc import Sequence

from core.cohorts.models import Cohort
from core.hookspecs import hookspec
from core.institutions.models import Institution
from core.people.models import User
from core.plugin_engine.contributions import DashboardCard, FormPart, Panel


@hookspec("collect", page="people.home")
def home_panels(user: User) -> Sequence[Panel]:  # type: ignore[empty-body]
    """Panels on the home page, below the classes; asked where any of the person's classes is."""


@hookspec("collect", page="people.home")
def dashboard_cards(  # type: ignore[empty-body]
    user: User, institutions: Sequence[Institution]
) -> Sequence[DashboardCard]:
    """Key figures for people who hold a role or help to run a class, on their home page.

    `institutions` are those where the person works; asked where any of them has the plugin. Count
    what the person may see and no more, in a query or two: `classes_where(user, permission)`.
    """


@hookspec("collect")
def user_form_parts(  # type: ignore[empty-body]
    user: User | None, cohort: Cohort | None, by: User
) -> Sequence[FormPart]:
    """Fields about a person: in the own profile, and where a class registers or corrects people.

    In a class `cohort` is set, and its host counts; `user` is None for a person who is new. In the
    profile `user` is `by`, and every institution counts that holds a class of the person. Core lets
    only those in who may correct the person; what else `by` may see is for the plugin to ask.
    """
