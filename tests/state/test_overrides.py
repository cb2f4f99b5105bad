"""Which override of a variant or of freezes counts, and until when."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tasks.promote.override import grant, revoke
from tasks.state.ledger import Ledger
from tasks.state.overrides import InvalidOverride, Override, active, active_one, latest, require_release
from tasks.state.releases import find_judged
from tests.conftest import Refusals

TODAY = date(2026, 11, 24)
UNTIL = date(2026, 12, 1)


def word(refusals: Refusals) -> Override:
    return Override(refusals.release, "verdict", "lstm-16-int8", "Ana Ruiz", "the new tills cannot wait", UNTIL)


def test_it_holds_until_its_last_day_and_not_after(refusals: Refusals) -> None:
    asked = word(refusals)
    grant.fn(refusals.home, asked, TODAY)
    assert active(Ledger.of(refusals.home), TODAY) == active(Ledger.of(refusals.home), UNTIL) == [asked]
    assert active(Ledger.of(refusals.home), UNTIL + timedelta(1)) == []
    assert [each.end for each in latest(Ledger.of(refusals.home))] == ["expired on 2026-12-01"]


def test_the_latest_word_counts(refusals: Refusals) -> None:
    home, first = refusals.home, word(refusals)
    longer = replace(first, until=date(2026, 12, 24), who="Bo Chen")
    frozen = replace(first, what="freeze", variant=None)
    for each in (first, frozen, longer):
        grant.fn(home, each, TODAY)
    assert active(Ledger.of(home), TODAY) == [frozen, longer]
    ended = active_one(Ledger.of(home), longer.key, TODAY)
    assert ended == longer
    revoke.fn(home, replace(ended, who="Cy Okoro", why="shelves went empty"), TODAY)
    assert active(Ledger.of(home), TODAY) == [frozen]
    (ended,) = (each for each in latest(Ledger.of(home)) if each.what == "verdict")
    assert (ended.who, ended.end) == ("Bo Chen", "was revoked on 2026-11-24 by Cy Okoro: shelves went empty")
    grant.fn(home, first, TODAY)
    assert active(Ledger.of(home), TODAY) == [frozen, first], "it can be given again"


def test_an_override_in_words(refusals: Refusals) -> None:
    asked = word(refusals)
    assert asked.released == "released by Ana Ruiz until 2026-12-01: the new tills cannot wait"
    assert asked.subject == f"lstm-16-int8 of {refusals.release}"
    assert replace(asked, variant=None, what="freeze").subject == f"{refusals.release} during freezes"


def test_only_an_active_override_can_be_found(refusals: Refusals) -> None:
    asked = word(refusals)
    with pytest.raises(InvalidOverride, match=r"no active override of variant lstm-16-int8 .*; none is active"):
        active_one(Ledger.of(refusals.home), asked.key, TODAY)
    grant.fn(refusals.home, asked, TODAY)
    with pytest.raises(InvalidOverride, match=r"no active override of freezes .*; active are those for lstm-16-int8"):
        active_one(Ledger.of(refusals.home), (refusals.release, "freeze", None), TODAY)


def test_freezes_are_overridden_for_releases_only(refusals: Refusals) -> None:
    home = refusals.home
    require_release(home, find_judged(home, refusals.release), refusals.release)
    with pytest.raises(InvalidOverride, match="was refused as a whole, so no store can get it"):
        require_release(home, find_judged(home, refusals.candidate), refusals.candidate)
