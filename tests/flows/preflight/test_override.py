"""What may be overridden, by whom and until when; what is wrong with a request, in one line."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.preflight.override import override_request
from flows.preflight.request import RequestError
from tasks.promote.override import grant
from tasks.state import ledger
from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tasks.state.overrides import InvalidOverride, Override, latest
from tasks.state.release import DamagedRelease, NoSuchRelease
from tests.conftest import Refusals
from tests.faults.homes import visible

TODAY = date(2026, 11, 24)
UNTIL = date(2026, 12, 1)
ASKED = {
    "variant": "lstm-16-int8",
    "freeze": False,
    "who": "Ana Ruiz",
    "why": "the new tills cannot wait",
    "until": "2026-12-01",
    "ends": False,
    "today": TODAY,
}


@pytest.fixture(autouse=True)
def default_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.toml").touch()
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(tmp_path / "settings.toml"))


def ask(refusals: Refusals, **changes: Any) -> Override:
    fields: dict[str, Any] = {"release": refusals.release} | ASKED | changes
    return override_request(str(refusals.home.root), **fields).override


def typed(error: Exception) -> str:
    """What the command line says."""
    return error.as_option() if isinstance(error, RequestError) else str(error)


def test_a_request_is_what_was_asked(refusals: Refusals) -> None:
    asked = ask(refusals, why="  the new tills\n cannot\x1b wait ")
    assert asked == Override(refusals.release, "verdict", "lstm-16-int8", "Ana Ruiz", ASKED["why"], UNTIL)
    assert asked.released == "released by Ana Ruiz until 2026-12-01: the new tills cannot wait"
    frozen = ask(refusals, variant=None, freeze=True)
    assert (frozen.what, frozen.variant) == ("freeze", None)
    assert ask(refusals, release=refusals.candidate).release == refusals.candidate
    assert visible(refusals.home.ledger) and latest(Ledger.of(refusals.home)) == [], "nothing is written"


@pytest.mark.parametrize("until", [TODAY, TODAY + timedelta(90)], ids=["today", "the last day allowed"])
def test_the_days_at_both_ends_are_allowed(refusals: Refusals, until: date) -> None:
    assert ask(refusals, until=str(until)).until == until


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"variant": None}, "name one of: --variant V, whose verdict is overridden, or --freeze"),
        ({"freeze": True}, "name one of: --variant V, whose verdict is overridden, or --freeze"),
        ({"who": None}, "--who names the person who answers for it, in words. Received: None"),
        ({"who": " \t\n"}, "--who names the person who answers for it"),
        ({"why": ""}, "--why names the reason, in words. Received: ''"),
        ({"why": "..."}, "--why names the reason, in words. Received: '...'"),
        ({"why": "\u200b\u00a0"}, "--why names the reason"),
        ({"until": None}, "--until is the last day on which it is valid, YYYY-MM-DD. Received: None"),
        ({"until": "tomorrow"}, "YYYY-MM-DD. Received: tomorrow"),
        ({"until": "2026-02-29"}, "YYYY-MM-DD. Received: 2026-02-29"),
        ({"until": "2026-11-23"}, "--until is today, 2026-11-24, or later. Received: 2026-11-23"),
        ({"until": "2027-02-23"}, "--until is at most 90 days ahead, 2027-02-22, by max_override_days of [rollout]"),
        ({"until": "2026-11-26", "max_days": "1"}, "--until is at most 1 days ahead, 2026-11-25"),
        ({"variant": "lstm-16"}, "passed the gate, so there is nothing to override; promote it"),
        (
            {"variant": "lstm-16-p50"},
            "can never be overridden, as no device could use it: the file is not usable: it does not load",
        ),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    refusals: Refusals, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], message: str
) -> None:
    if days := changes.pop("max_days", None):
        monkeypatch.setenv("SHELFCAST_ROLLOUT__MAX_OVERRIDE_DAYS", days)
    with pytest.raises((RequestError, InvalidOverride)) as caught:
        ask(refusals, **changes)
    said = typed(caught.value)
    assert message in said and len(said.splitlines()) == 1


def test_an_unknown_release_or_variant_is_named_with_those_there_are(refusals: Refusals) -> None:
    ids = f"no release or refused candidate 'x'; there are {refusals.release}, refused: {refusals.candidate}"
    with pytest.raises(NoSuchRelease, match=ids):
        ask(refusals, release="x")
    with pytest.raises(NoSuchRelease, match="has no variant 'lstm-7'; there are lstm-64, lstm-16, "):
        ask(refusals, variant="lstm-7")
    with pytest.raises(NoSuchRelease, match="there are no releases, refused: none"):
        ask(replace(refusals, home=Home(refusals.home.root / "other")))


def test_a_file_that_is_not_the_one_judged_cannot_be_overridden(refusals: Refusals) -> None:
    (refusals.home.releases / refusals.release / "lstm-16-int8.tflite").write_bytes(b"rubbish")
    with pytest.raises(DamagedRelease, match="is not the file gated"):
        ask(refusals)


def test_no_freeze_is_overridden_for_what_no_store_can_get(refusals: Refusals) -> None:
    with pytest.raises(InvalidOverride, match="was refused as a whole, so no store can get it; override the verdict"):
        ask(refusals, release=refusals.candidate, variant=None, freeze=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"until": "2026-12-01"}, "--revoke ends an override at once; leave --until out. Received: 2026-12-01"),
        ({"who": ""}, "--who names the person who answers for it"),
        ({"why": " "}, "--why names the reason"),
        ({"freeze": True}, "name one of: --variant V"),
        ({"variant": "lstm-16"}, "there is no active override of variant lstm-16 for release"),
        ({"variant": None, "freeze": True}, "there is no active override of freezes for release"),
        ({"today": UNTIL + timedelta(1)}, "to revoke; none is active"),
        ({"release": "x"}, "to revoke; active are those for lstm-16-int8 of 2023"),
    ],
)
def test_only_what_is_active_can_be_revoked(refusals: Refusals, changes: dict[str, Any], message: str) -> None:
    grant.fn(refusals.home, ask(refusals), TODAY)
    with pytest.raises((RequestError, InvalidOverride)) as caught:
        ask(refusals, **({"until": None, "ends": True} | changes))
    assert message in typed(caught.value)
    assert len(ledger.read(refusals.home, ["override"])) == 1
