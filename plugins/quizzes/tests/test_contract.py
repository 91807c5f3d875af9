"""What every plugin promises."""

from core.testing.contract import PluginContract
from plugins.quizzes.tests import access_table


class TestContract(PluginContract):
    plugin = "quizzes"
    access = access_table
