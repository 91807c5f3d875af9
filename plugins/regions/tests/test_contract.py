"""What every plugin promises."""

from core.testing.contract import PluginContract
from plugins.regions.tests import access_table


class TestContract(PluginContract):
    plugin = "regions"
    access = access_table
