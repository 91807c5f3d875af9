"""What every plugin promises."""

from core.testing.contract import PluginContract
from plugins.attendance.tests import access_table


class TestContract(PluginContract):
    plugin = "attendance"
    access = access_table
