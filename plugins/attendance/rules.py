"""What a class requires, and who settles its presence."""

from core.api import Cohort, User, can, settings_of


def required_share(cohort: Cohort) -> int:
    """Percent of a session, and of all sessions together; 0: presence is not required."""
    return int(settings_of("attendance", cohort)["required_share"])


def may_settle(user: User, cohort: Cohort) -> bool:
    """Committee, organiser and institution admin; the class's trainers as the setting says."""
    if can(user, "attendance.settle", cohort):
        return True
    return "trainer" in cohort.roles_of(user) and _trainers_settle(cohort)


def _trainers_settle(cohort: Cohort) -> bool:
    setting = settings_of("attendance", cohort)["trainers_settle"]
    if setting == "auto":
        return all(entry.role != "committee" for entry in cohort.staff)
    return bool(setting == "yes")
