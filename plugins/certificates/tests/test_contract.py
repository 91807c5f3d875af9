"""What every plugin promises."""

from core.testing.contract import PluginContract
from plugins.certificates.tests import access_table


class TestContract(PluginContract):
    plugin = "certificates"
    access = access_table
