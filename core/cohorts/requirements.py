"""What plugins require of participants beside the activities, for pages and for completion."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from flask_babel import gettext as _

from core.cohorts.models import Cohort, Enrolment
from core.plugin_engine.catalogue import title_of
from core.plugin_engine.contributions import Requirement
from core.plugin_engine.engine import FAILED, engine


def requirements_of(
    cohort: Cohort, enrolments: Sequence[Enrolment]
) -> Mapping[int, list[Requirement]]:
    """Enrolment id → its requirements; one that could not be checked is not met, nor known."""
    found: defaultdict[int, list[Requirement]] = defaultdict(list)
    answers = engine().asked(
        "completion_requirements", cohort.host, cohort=cohort, enrolments=enrolments
    )
    for plugin, item in answers:
        if item is not FAILED:
            found[item.enrolment_id].append(item)
            continue
        title, note = title_of(engine(), plugin), _("It cannot be checked at the moment.")
        for enrolment in enrolments:
            unknown = Requirement(enrolment.id, title, met=False, note=note, known=False)
            found[enrolment.id].append(unknown)
    return found


def meets_all(enrolment: Enrolment, found: Mapping[int, Sequence[Requirement]]) -> bool:
    """All of them; a class without required activities needs at least one to be completed."""
    own = found.get(enrolment.id, ())
    return all(one.met for one in own) and (enrolment.required_total > 0 or bool(own))
