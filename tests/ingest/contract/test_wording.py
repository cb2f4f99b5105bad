"""The contract in words: each expectation has a sentence, a meaning, a limit and a value that people can read."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from tasks.ingest.contract import wording
from tasks.ingest.contract.expectations import NAMES, Contract, expectations
from tasks.ingest.contract.findings import Breach, Findings
from tasks.ingest.contract.profile import BatchProfile
from tasks.ingest.contract.suite import Outcome

ASKED = {each.name: each for each in expectations(Contract())}
GAPS = pd.DataFrame({"store": ["1"], "item": ["7"], "days": [2], "first": ["2026-01-05"], "last": ["2026-01-06"]})
PROFILE = BatchProfile(pd.DataFrame(), {"rows": 6}, GAPS, new_stores=("8", "9"), vanished_items=("z",))


def outcome(name: str, value: float, stores: tuple[str, ...] = (), met: bool = False) -> Outcome:
    return Outcome(ASKED[name], ASKED[name].severity, met, value, stores)


def test_every_expectation_has_words() -> None:
    assert tuple(wording.BREACHES) == tuple(wording.MEANINGS) == NAMES


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rows", "at least 1"),
        ("shape", "at most 50 %"),
        ("bad_rows_more_than_usual", "at most 1 %"),
        ("volume", "0.1 to 10 times"),
        ("lost_days", "none"),
    ],
)
def test_limits(name: str, words: str) -> None:
    assert wording.limit(ASKED[name]) == words


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("rows", 1, "1 row"),
        ("shape", 4 / 6, "66.7 % (4 of 6 rows)"),
        ("bad_rows_of_a_store", 0.5, "50.0 %"),
        ("mean", 3, "3.00 times"),
        ("mean", math.nan, "nothing to compare with"),
        ("rows", 0, "0 rows"),
        ("keys", 0, "none"),
        ("every_day", 2, "up to 2 days"),
        ("new_stores", 0, "none"),
        ("similar_stores", 1, "1 group"),
    ],
)
def test_what_was_found(name: str, value: float, words: str) -> None:
    assert wording.found(outcome(name, value), PROFILE) == words


def test_breaches_are_sentences_and_the_critical_ones_come_first() -> None:
    outcomes = [
        outcome("new_stores", 2),
        outcome("vanished_items", 1),
        outcome("bad_rows_of_a_store", 0.6, ("2", "3")),
        outcome("every_day", 2),
        outcome("shape", 4 / 6),
        outcome("keys", 0, met=True),
    ]
    assert [(breach.severity, breach.message) for breach in wording.breaches(outcomes, PROFILE)] == [
        ("critical", "too many rows of stores 2, 3 are bad (60.0%)"),
        ("critical", "too many lines have the wrong number of columns (4 of 6 rows)"),
        ("warning", "new stores 8, 9"),
        ("warning", "series without rows: store 1 item 7: 2 days (2026-01-05 to 2026-01-06)"),
        ("info", "no sales of item z"),
    ]


@pytest.mark.parametrize(
    ("breaches", "words"),
    [
        ((), "ingested"),
        ((Breach("warning", "a"),), "ingested with 1 warning"),
        ((Breach("warning", "a"), Breach("warning", "b"), Breach("info", "c")), "ingested with 2 warnings"),
        ((Breach("critical", "a", "x", ("17",), alone=True),), "ingested; store 17 refused"),
        ((Breach("critical", "there are no rows"), Breach("warning", "b")), "refused: there are no rows"),
    ],
)
def test_verdicts(breaches: tuple[Breach, ...], words: str) -> None:
    assert wording.verdict(Findings(breaches)) == words


def test_a_breach_names_five_series_and_counts_the_others() -> None:
    items = [str(number) for number in range(1005)]
    gaps = pd.DataFrame({"store": "1", "item": items, "days": 1, "first": "d", "last": "d"})
    (breach,) = wording.breaches([outcome("every_day", 1)], replace(PROFILE, gaps=gaps))
    assert breach.message.startswith("series without rows: store 1 item 0: 1 day (d), store 1 item 1")
    assert breach.message.endswith("store 1 item 4: 1 day (d) and 1,000 more")
