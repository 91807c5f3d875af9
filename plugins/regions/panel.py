"""The region on the pages of institutions: beside one's facts, in its form, missing in the list."""

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from core.api import (
    ZONES,
    FormPart,
    Institution,
    Panel,
    User,
    can,
    db,
    institutions_where,
    paths_where,
    plugin_is_active,
    tops,
)
from plugins.regions.forms import RegionForm
from plugins.regions.gazetteer import Region, region
from plugins.regions.queries import placed, unplaced
from plugins.regions.services import set_region

# More is work for the console: bimtek regions fill.
MOST = 5


def region_panel(institution: Institution, user: User) -> Panel:
    """Where the institution lies, from whom it has that, and whether its time zone fits."""
    found = placed([institution.id]).get(institution.id)
    inherited = found is not None and found.source_id != institution.id
    may = can(user, "institutions.manage", institution)
    context = {
        "found": found.region if found else None,
        "source": db.session.get(Institution, found.source_id) if found and inherited else None,
        "institution": institution,
        "zones": dict(ZONES),
        "zone": _zone(found.region) if found else None,
        "edit_url": url_for("institutions.edit", institution_id=institution.id) if may else None,
    }
    return Panel("regions/panel.html", context)


def _zone(found: Region) -> str | None:
    """The zone, unless the code is of no province that the data know."""
    return found.timezone if region(found.province) else None


def missing_panel(_thing: Any, user: User) -> Panel | None:
    """The institutions of the reader that figures by region leave out, to be put right."""
    may = institutions_where(user, "institutions.manage")
    # What lies below a region lies in it, so most readers are asked about nothing more.
    highest = [one.id for one in tops(paths_where(user, "institutions.manage"))]
    found = [] if set(highest) <= placed(highest).keys() else unplaced(may, MOST + 1)
    missing = [one for one in found if plugin_is_active("regions", one)]
    context = {"missing": missing[:MOST], "more": len(missing) > MOST}
    return Panel("regions/missing_panel.html", context) if missing else None


def form_part(institution: Institution | None, parent: Institution | None) -> FormPart:
    form = RegionForm.at(institution, parent)

    def save(saved: Institution) -> None:
        set_region(saved, form.chosen, by=current_user)

    return FormPart(_l("Region"), form, save, template="regions/form_part.html")
