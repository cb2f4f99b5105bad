"""What may be overridden, by whom and until when; what is wrong with a request, in one line."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from flows.cli import views
from tasks.forecasting.rollout.drift import DriftPolicy
from tasks.promote.override import grant, revoke
from tasks.state import ledger
from tasks.state.home import Home
from tasks.state.overrides import Impossible, Override, active, latest, request, revocation
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
    "max_days": 90,
    "today": TODAY,
}


def ask(refusals: Refusals, **changes: Any) -> Override:
    fields: dict[str, Any] = {"release": refusals.release} | ASKED | changes
    return request(refusals.home, **fields)


def test_a_request_is_what_was_asked(refusals: Refusals) -> None:
    asked = ask(refusals, why="  the new tills\n cannot\x1b wait ")
    assert asked == Override(refusals.release, "verdict", "lstm-16-int8", "Ana Ruiz", ASKED["why"], UNTIL)
    assert asked.released == "released by Ana Ruiz until 2026-12-01: the new tills cannot wait"
    frozen = ask(refusals, variant=None, freeze=True)
    assert (frozen.what, frozen.variant) == ("freeze", None)
    assert ask(refusals, release=refusals.candidate).release == refusals.candidate
    assert visible(refusals.home.ledger) and latest(refusals.home) == [], "nothing is written"


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
        ({"until": None}, "--until is the last day that it holds on, YYYY-MM-DD. Received: None"),
        ({"until": "tomorrow"}, "YYYY-MM-DD. Received: tomorrow"),
        ({"until": "2026-02-29"}, "YYYY-MM-DD. Received: 2026-02-29"),
        ({"until": "2026-11-23"}, "--until is today, 2026-11-24, or later. Received: 2026-11-23"),
        ({"until": "2027-02-23"}, "--until is at most 90 days ahead, 2027-02-22, by max_override_days of [rollout]"),
        ({"until": "2026-11-26", "max_days": 1}, "--until is at most 1 days ahead, 2026-11-25"),
        ({"variant": "lstm-16"}, "passed the gate, so there is nothing to override; promote it"),
        (
            {"variant": "lstm-16-p50"},
            "can never be overridden, as no device could use it: the file is not usable: it does not load",
        ),
    ],
)
def test_what_cannot_be_is_said_in_one_line(refusals: Refusals, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(Impossible, match=re.escape(message)) as caught:
        ask(refusals, **changes)
    assert len(str(caught.value).splitlines()) == 1


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
    with pytest.raises(Impossible, match="was refused as a whole, so no store can get it; override a --variant"):
        ask(refusals, release=refusals.candidate, variant=None, freeze=True)


def test_it_holds_until_its_last_day_and_not_after(refusals: Refusals) -> None:
    asked = ask(refusals)
    grant.fn(refusals.home, asked, TODAY)
    assert active(refusals.home, TODAY) == active(refusals.home, UNTIL) == [asked]
    assert active(refusals.home, UNTIL + timedelta(1)) == []
    assert [each.end for each in latest(refusals.home)] == ["expired on 2026-12-01"]


def test_the_latest_word_counts(refusals: Refusals) -> None:
    home, first = refusals.home, ask(refusals)
    longer = ask(refusals, until="2026-12-24", who="Bo Chen")
    frozen = ask(refusals, variant=None, freeze=True)
    for each in (first, frozen, longer):
        grant.fn(home, each, TODAY)
    assert active(home, TODAY) == [frozen, longer]
    about = {"variant": "lstm-16-int8", "freeze": False, "until": None, "today": TODAY}
    ending = revocation(home, refusals.release, who="Cy Okoro", why="shelves went empty", **about)
    revoke.fn(home, ending, TODAY)
    assert active(home, TODAY) == [frozen]
    (ended,) = (each for each in latest(home) if each.what == "verdict")
    assert (ended.who, ended.end) == ("Bo Chen", "was revoked on 2026-11-24 by Cy Okoro: shelves went empty")
    grant.fn(home, first, TODAY)
    assert active(home, TODAY) == [frozen, first], "it can be given again"


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
    asked = {"release": refusals.release, "until": None} | {
        name: value for name, value in ASKED.items() if name not in ("until", "max_days")
    }
    with pytest.raises(Impossible, match=re.escape(message)):
        revocation(refusals.home, **(asked | changes))  # type: ignore[arg-type]
    assert len(ledger.read(refusals.home, ["override"])) == 1


def test_the_views_show_what_is_active_and_what_was_refused_as_a_whole(refusals: Refusals) -> None:
    home, until = refusals.home, date.today() + timedelta(3)
    grant.fn(home, replace(ask(refusals), until=until))
    grant.fn(home, replace(ask(refusals, variant=None, freeze=True), until=date.today() - timedelta(1)))
    shown = [
        {
            "release": refusals.release,
            "variant": "lstm-16-int8",
            "what": "verdict",
            "who": "Ana Ruiz",
            "why": ASKED["why"],
            "until": str(until),
        }
    ]
    listed = views.published(home)
    assert views.status(home, DriftPolicy())["overrides"] == shown
    assert [each.model_dump(mode="json") for each in listed.overrides] == shown
    assert [each.release for each in listed.refused_candidates] == [refusals.candidate]
    assert [each.release for each in listed.releases] == [refusals.release]
