"""All that another plugin may import from this one."""

from plugins.regions.gazetteer import Region, provinces, regencies, region
from plugins.regions.queries import regions_of
from plugins.regions.services import set_region

__all__ = ["Region", "provinces", "regencies", "region", "regions_of", "set_region"]
