"""Break-glass, on real releases: what it records, what stores get by it and until when, and what freezes hold."""

import json
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.freeze import Freeze
from tasks.forecasting.rollout.waves import RolloutPolicy
from tasks.promote import override
from tasks.promote.promote import plan_wave
from tasks.promote.result import Delivery
from tasks.retrain.publish import published_earlier
from tasks.state import ledger
from tasks.state.alerts import Alert, Changes, record
from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tasks.state.overrides import Override, active
from tasks.state.release import Release
from tasks.state.releases import find, refused, releases
from tests.conftest import Refusals, Work, only, publish_candidate
from tests.stores import promote as promote_to
from tests.stores import roll_back, rollout, update_channel

TODAY, UNTIL = date(2026, 11, 24), date(2026, 12, 1)
AFTER = UNTIL + timedelta(1)
CHRISTMAS = Freeze(name="Christmas", first="11-20", last="01-02")
WORD = "released by Ana Ruiz until 2026-12-01: the new tills cannot wait"


def word(release: str, variant: str | None = "lstm-16-int8") -> Override:
    what: Any = "verdict" if variant else "freeze"
    return Override(release, what, variant, "Ana Ruiz", "the new tills cannot wait", UNTIL)


def promote(
    home: Home, release: str, today: date = TODAY, stores: tuple[str, ...] = ("1",), freezes: tuple[Freeze, ...] = ()
) -> list[Delivery]:
    rules = {"costs": CostModel(per_mape_pp=0), "policy": RolloutPolicy(freeze=freezes), "today": today}
    given = promote_to(home, release, *stores, **rules)
    update_channel(home)
    return given


def test_a_refused_variant_reaches_stores_until_its_last_day_and_not_after(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    (before,) = promote(home, release)
    assert before.variant == "lstm-16", "the smallest that passed"
    override.grant.fn(home, word(release), TODAY)
    (given,) = promote(home, release, UNTIL)
    assert (given.state, given.variant) == ("promoted", "lstm-16-int8")
    assert given.reason.endswith(f"; the gate did not pass it: {WORD}")
    assert ledger.read(home, ["promotion"])[-1].why == given.reason
    assignment = json.loads((home.channel / "stores" / "1.json").read_text())
    assert assignment["variant"] == "lstm-16-int8"
    (after,) = promote(home, release, AFTER, ("2",))
    assert (after.state, after.variant) == ("promoted", "lstm-16") and "released by" not in after.reason


def test_a_variant_that_passed_is_promoted_without_that_word(refusals: Refusals) -> None:
    override.grant.fn(refusals.home, word(refusals.release), TODAY)
    (given,) = promote_to(refusals.home, refusals.release, "1", today=TODAY)
    assert given.variant != "lstm-16-int8" and "released by" not in given.reason


def test_the_ledger_has_who_what_why_and_what_was_overridden(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    result = override.grant.fn(home, word(release), TODAY)
    (entry,) = ledger.read(home, ["override"])
    assert (entry.subject, entry.release, entry.variant) == (release, release, "lstm-16-int8")
    assert (entry.who, entry.why) == ("Ana Ruiz", "the new tills cannot wait")
    reasons = list(Release(home.releases / release).variant("lstm-16-int8").reasons)
    assert any("over the limit of 60 %" in each for each in reasons)
    assert entry.details.pop("run_as")
    assert entry.details == {
        "what": "verdict",
        "variant": "lstm-16-int8",
        "until": "2026-12-01",
        "outcome": "fail",
        "reasons": reasons,
    }
    assert json.loads(result.model_dump_json()) == {
        "schema_version": 1,
        "release": release,
        "variant": "lstm-16-int8",
        "what": "verdict",
        "who": "Ana Ruiz",
        "why": "the new tills cannot wait",
        "until": "2026-12-01",
        "state": "active",
        "outcome": "fail",
        "reasons": reasons,
    }


def test_the_same_again_changes_nothing(refusals: Refusals) -> None:
    for _ in range(2):
        override.grant.fn(refusals.home, word(refusals.candidate), TODAY)
    assert len(ledger.read(refusals.home, ["override"])) == 1
    assert [each.subject for each in ledger.read(refusals.home, ["release"])] == [refusals.release, refusals.candidate]


def test_a_revoked_one_no_longer_promotes(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    override.grant.fn(home, word(release), TODAY)
    override.revoke.fn(home, replace(word(release), who="Bo", why="empty shelves"), TODAY)
    assert promote(home, release)[0].variant == "lstm-16"
    entry = ledger.read(home, ["override"])[-1]
    assert (entry.who, entry.why, entry.details["revoked"]) == ("Bo", "empty shelves", "2026-11-24")


# a candidate that was refused as a whole


def test_a_refused_candidate_keeps_a_complete_release_beside_it(refusals: Refusals) -> None:
    (found,) = refused(refusals.home).values()
    assert list(refused(refusals.home)) == [refusals.candidate]
    names = {path.name for path in found.folder.iterdir()}
    assert names == {*found.manifest.files, "manifest.json"}
    assert {"golden.json", "card.md", "report.html", "lstm-64.tflite", "lstm-16-int8.tflite"} <= names
    for name, known in found.manifest.files.items():
        content = (found.folder / name).read_bytes()
        assert (len(content), sha256(content).hexdigest()) == (known.bytes, known.sha256)
    assert [each.id for each in releases(refusals.home)] == [refusals.release], "and is no release"


def test_a_candidate_that_is_being_published_is_none_that_was_refused(refusals: Refusals) -> None:
    (folder,) = refusals.home.candidates.glob(f"*/{refusals.candidate}")
    published = (refusals.home.releases / refusals.release / "manifest.json").read_bytes()
    (folder / "manifest.json").write_bytes(published)
    assert refused(refusals.home) == {}


def test_an_override_makes_a_release_of_it_that_still_says_fail(refusals: Refusals) -> None:
    home, name = refusals.home, refusals.candidate
    (waiting,) = refused(home).values()
    files = {path.name: path.read_bytes() for path in waiting.folder.iterdir()}
    override.grant.fn(home, word(name), TODAY)
    release = find(home, name)
    assert {path.name: path.read_bytes() for path in release.folder.iterdir()} == files
    assert refused(home) == {}
    assert {each.verdict for each in release.manifest.variants} == {"fail"}
    (row,) = (each for each in ledger.read(home, ["release"]) if each.subject == name)
    assert (row.who, row.why) == ("Ana Ruiz", f"the gate passed 0 variants; lstm-16-int8 {WORD}")
    (given,) = promote(home, name)
    assert (given.state, given.variant) == ("promoted", "lstm-16-int8") and WORD in given.reason
    (held,) = promote(home, name, AFTER, ("2",))
    assert (held.state, held.reason) == (
        "held",
        "no variant passed the gate; the override of lstm-16-int8 expired on 2026-12-01",
    )


def test_its_files_are_there_whole_or_not_at_all_and_the_decision_comes_first(
    refusals: Refusals, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, asked = refusals.home, word(refusals.candidate)

    def cut(folder: Path, path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(override, "move_folder", cut)
        with pytest.raises(KeyboardInterrupt):
            override.grant.fn(home, asked, TODAY)
    assert active(Ledger.of(home), TODAY) == [asked]
    assert [each.id for each in releases(home)] == [refusals.release]
    override.grant.fn(home, asked, TODAY)
    assert find(home, refusals.candidate).manifest.release == refusals.candidate
    assert (len(ledger.read(home, ["override"])), len(ledger.read(home, ["release"]))) == (1, 2)

    def failing(*_: Any) -> None:
        raise OSError("disk full")

    override.revoke.fn(home, asked, TODAY)
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "record", failing)
        with pytest.raises(OSError, match="disk full"):
            override.grant.fn(home, asked, TODAY)
    assert active(Ledger.of(home), TODAY) == []


def test_without_a_row_in_the_ledger_there_is_no_release(refusals: Refusals, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(ledger, "record", failing)
    with pytest.raises(OSError, match="disk full"):
        override.grant.fn(refusals.home, word(refusals.candidate), TODAY)
    assert [each.id for each in releases(refusals.home)] == [refusals.release]
    assert list(refused(refusals.home)) == [refusals.candidate]


def test_the_same_retrain_afterwards_finds_the_release(refusals: Refusals, built: Work) -> None:
    home = refusals.home
    folder = home.candidates / built.candidate.folder.name
    candidate, limits = replace(built.candidate, folder=folder), only(max_mape=0.1)
    again = publish_candidate(home, candidate, limits, "again")
    assert again.manifest.release == refusals.candidate and not find_or_none(home, refusals.candidate)
    assert again.report.is_file()
    assert len(ledger.read(home, ["refusal"])) == 2, "each vouches for the manifest of its time"
    override.grant.fn(home, word(refusals.candidate), TODAY)
    found = publish_candidate(home, candidate, limits, "and again")
    assert (found.manifest.release, found.manifest.reason) == (refusals.candidate, "again")
    assert not candidate.folder.exists()
    assert published_earlier(home, candidate, limits) == found
    assert len(ledger.read(home, ["release"])) == 2


def find_or_none(home: Home, name: str) -> Release | None:
    return next((each for each in releases(home) if each.id == name), None)


# freezes


def test_a_freeze_holds_its_stores_and_says_until_when_and_what_to_do(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    of_two = CHRISTMAS.model_copy(update={"stores": ("2",)})
    one, two = promote(home, release, TODAY, ("1", "2"), (of_two,))
    assert (one.state, two.state) == ("promoted", "held")
    assert two.reason == (
        "freeze 'Christmas' holds the store until 2027-01-02, that day too: wait until it is over, "
        f"or `shelfcast override {release} --freeze`"
    )
    assert [entry.subject for entry in ledger.read(home, ["promotion"])] == ["1"]
    assert not (home.channel / "stores" / "2.json").exists()
    assert promote(home, release, TODAY, ("1",), (CHRISTMAS,))[0].state == "unchanged", "it has it already"
    assert promote(home, release, date(2027, 1, 2), ("2",), (CHRISTMAS,))[0].state == "held"
    assert promote(home, release, date(2027, 1, 3), ("2",), (CHRISTMAS,))[0].state == "promoted"


def test_an_override_lets_one_release_out_during_freezes_and_says_who_and_why(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    override.grant.fn(home, word(release, None), TODAY)
    override.grant.fn(home, word(refusals.candidate), TODAY)
    (given,) = promote(home, release, UNTIL, ("1",), (CHRISTMAS,))
    assert (given.state, given.variant) == ("promoted", "lstm-16")
    assert given.reason.endswith(f"; in spite of freeze 'Christmas': {WORD}")
    assert ledger.read(home, ["promotion"])[-1].why == given.reason
    assert promote(home, refusals.candidate, UNTIL, ("2",), (CHRISTMAS,))[0].state == "held", "of another release"
    assert promote(home, release, AFTER, ("2",), (CHRISTMAS,))[0].state == "held", "it is over"


def test_outside_a_freeze_its_override_is_not_mentioned(refusals: Refusals) -> None:
    override.grant.fn(refusals.home, word(refusals.release, None), TODAY)
    assert "released by" not in promote(refusals.home, refusals.release)[0].reason


def test_a_rollback_goes_on_during_a_freeze(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    override.grant.fn(home, word(release), TODAY)
    promote(home, release, AFTER)
    promote(home, release, TODAY)
    assert promote(home, release, AFTER, freezes=(CHRISTMAS,))[0].state == "held"
    (back,) = roll_back(home, "1")
    assert (back.state, back.variant) == ("rolled back", "lstm-16")


def test_an_alert_of_another_kind_holds_no_wave(refusals: Refusals) -> None:
    home, release = refusals.home, refusals.release
    promote(home, release)
    other = Alert("override-expired-1", "override-expired", "warning", "store.1", "open", "why", release=release)
    record(home, Changes((other,)))
    wave = plan_wave.fn(rollout(home, release), None)
    assert (wave.stores, wave.hold) == (("2",), None)
