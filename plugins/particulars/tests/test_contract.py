"""What every plugin promises."""

from datetime import date

from core.testing.contract import PluginContract
from plugins.particulars.services import set_audience, set_basis, set_letter, set_person
from plugins.particulars.tests import access_table


class TestContract(PluginContract):
    plugin = "particulars"
    access = access_table

    def fill(self, section, cohort, enrolment, mark):
        day = date(2026, 11, 2)
        set_person(enrolment.user, work_unit=mark, by=None)
        set_letter(enrolment, number=mark, dated_on=day, by=None)
        set_basis(cohort, number=mark, dated_on=day, by=None)
        set_audience(cohort.course, target=mark, needs=mark, by=None)
