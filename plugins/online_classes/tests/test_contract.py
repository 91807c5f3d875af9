"""What every plugin promises."""

from core.testing.contract import PluginContract
from plugins.online_classes.tests import access_table


class TestContract(PluginContract):
    plugin = "online_classes"
    access = access_table
