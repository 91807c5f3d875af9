"""The ranks and levels that come with the plugin, and what an upgrade leaves alone."""

from collections import Counter

import pytest

from core.api import db, record_id
from core.plugin_engine.records import apply
from plugins.particulars.models import EDUCATION, RANK, Entry
from plugins.particulars.queries import entries, entry
from plugins.particulars.reference import records
from plugins.particulars.services import add_entry, change_entry


@pytest.fixture
def bring(nothing_brought):
    """Does what installing and upgrading do with the plugin's records."""

    def write():
        found = apply(db.session.connection(), "particulars", list(records()), demo=False)
        db.session.expire_all()
        return found

    return write


def test_ranks_and_levels_come_in_their_order(bring):
    bring()

    ranks = [one.code for one in entries(RANK)]
    assert Counter(one.kind for one in db.session.query(Entry)) == {RANK: 34, EDUCATION: 10}
    assert (ranks[0], ranks[16], ranks[17], ranks[-1]) == ("I/a", "IV/e", "PPPK I", "PPPK XVII")
    assert [one.code for one in entries(EDUCATION)][-3:] == ["S1", "S2", "S3"]
    assert entry(record_id("particulars", "rank.iii-a")).label == "III/a – Penata Muda"
    assert entry(record_id("particulars", "rank.pppk-ix")).label == "PPPK IX"


def test_upgrade_keeps_what_the_site_renamed_hid_and_added(bring):
    bring()
    renamed = entry(record_id("particulars", "education.s1"))
    hidden = entry(record_id("particulars", "rank.i-a"))
    change_entry(renamed, title="Sarjana (Strata Satu)", offered=True, by=None)
    change_entry(hidden, title=hidden.title, offered=False, by=None)
    own = add_entry(RANK, "Non-ASN", "", by=None)

    bring()

    assert renamed.title == "Sarjana (Strata Satu)"
    assert (hidden.title, hidden.offered) == ("Juru Muda", False)
    assert entries(RANK)[-1] == own
    assert len(entries(RANK)) == 35


def test_entry_of_the_site_in_the_way_of_a_new_one_stays(bring):
    own = add_entry(EDUCATION, "S3", "Doktor kami", by=None)

    found = bring()

    assert found.refused == 1
    assert own.title == "Doktor kami"
    assert len(entries(EDUCATION)) == 10
