"""What every plugin promises."""

from core.testing.contract import PluginContract
from plugins.monitoring.tests import access_table


class TestContract(PluginContract):
    plugin = "monitoring"
    access = access_table
