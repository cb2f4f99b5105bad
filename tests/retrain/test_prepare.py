"""Drafts and their windows in a real table: what is used is hashed, and names the candidate."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tasks.forecasting.data.history import ExcludedPeriod, History
from tasks.forecasting.data.panel import TooLittleHistory
from tasks.forecasting.data.windows import SplitPolicy
from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.waves import UnknownStores
from tasks.forecasting.synthetic import Chain, blocks
from tasks.retrain.candidate import RunScore
from tasks.retrain.evaluate import evaluate_comparators
from tasks.retrain.judge import judge
from tasks.retrain.manifest import manifest, release_id
from tasks.retrain.prepare import draft, prepare
from tasks.state.atomic import write_file
from tasks.state.home import Home
from tasks.state.manifest import HoldoutRecord, SnapshotRecord, ValidationRecord
from tasks.state.sales_table import NoSales
from tests.conftest import LIMITS, RECIPE, TODAY, TakeIn, Work, tiny_spec

CHAIN = Chain(stores=2, items=2, days=120)
FIRST, LAST = date(2022, 3, 1), date(2022, 3, 7)
STRIKE = History(exclude=(ExcludedPeriod(first=FIRST, last=LAST, stores=("2",), reason="strike"),))


def rows() -> pd.DataFrame:
    return pd.concat(blocks(CHAIN)).reset_index(drop=True)


def changed(store: str, day: date, by: int = 7) -> pd.DataFrame:
    """All rows, with more sales of one store on one day."""
    table = rows()
    mine = (table["store"].astype(str) == store) & (pd.to_datetime(table["date"]) == pd.Timestamp(day))
    assert mine.any()
    return table.assign(sales=table["sales"] + np.where(mine, by, 0))


@pytest.fixture
def ingested(tmp_path: Path, take_in: TakeIn) -> Any:
    """A home with tables of rows ingested one after the other."""

    def make(name: str, *tables: pd.DataFrame) -> Home:
        home = Home(tmp_path / name)
        for number, table in enumerate(tables):
            table.to_csv(tmp_path / f"{name}{number}.csv", index=False)
            result = take_in(home, tmp_path / f"{name}{number}.csv")
            assert not result.rows_quarantined, result
        return home

    return make


def snapshot(home: Home, history: History = STRIKE) -> SnapshotRecord:
    candidate = draft(home, tiny_spec(history=history))
    prepare.fn(home, candidate)
    return candidate.prepared.snapshot


def test_the_hash_depends_on_rows_and_not_on_how_they_came(ingested: Any) -> None:
    expected = snapshot(ingested("one", rows()))
    assert expected.rows_used == CHAIN.rows - 2 * 7
    assert expected.rows == CHAIN.rows
    table = rows()
    others = {
        "shuffled": [table.sample(frac=1, random_state=3)],
        "parts": [table[300:], table[:300]],
        "again": [table, table.sample(frac=1, random_state=4)],
        "excluded": [table, changed("2", FIRST)],
        "corrected": [changed("1", FIRST), table],
    }
    found = {name: snapshot(ingested(name, *tables)) for name, tables in others.items()}
    assert {each.rows_sha256 for each in found.values()} == {expected.rows_sha256}
    assert found["excluded"].version == found["corrected"].version == 1


@pytest.mark.parametrize(("store", "day"), [("1", FIRST), ("2", date(2022, 2, 28)), ("2", date(2022, 3, 8))], ids=str)
def test_one_other_value_that_is_used_is_another_hash(ingested: Any, store: str, day: date) -> None:
    before, after = snapshot(ingested("one", rows())), snapshot(ingested("other", changed(store, day)))
    assert before.rows_sha256 != after.rows_sha256
    assert before.rows_used == after.rows_used


def test_another_window_is_another_candidate_and_release(ingested: Any) -> None:
    home = ingested("home", rows())
    period = STRIKE.exclude[0]
    windows = [
        History(),
        STRIKE,
        History(exclude=(period.model_copy(update={"stores": None}),)),
        History(exclude=(period.model_copy(update={"last": date(2022, 3, 8)}),)),
        History(days=100),
        History(held_back_days=1),
        History(min_days=16),
    ]
    drafts = [draft(home, tiny_spec(history=window)) for window in windows]
    assert len({each.folder for each in drafts}) == len({release_id(each, LIMITS[0]) for each in drafts}) == 7
    assert draft(home, tiny_spec(history=STRIKE)).folder == drafts[1].folder


def test_the_window_reaches_what_is_learned_and_measured(ingested: Any) -> None:
    home = ingested("home", rows())
    closed = ExcludedPeriod(first=date(2022, 4, 20), last=date(2022, 4, 21), reason="closed for works")
    candidate = draft(home, tiny_spec(history=History(days=100, held_back_days=4, exclude=(closed,))))
    prepare.fn(home, candidate)
    prepared, holdout = candidate.prepared, candidate.holdout
    assert (prepared.snapshot.first_day, prepared.snapshot.last_day) == (date(2022, 1, 1), date(2022, 4, 30))
    assert prepared.snapshot.rows_used == 4 * 98
    assert prepared.holdout == HoldoutRecord(first="2022-04-09", last="2022-04-26", days=16)
    assert not np.isin(holdout.day, np.array(["2022-04-20", "2022-04-21"], "datetime64[D]")).any()
    assert prepared.training_windows == 4 * (68 - 7), "validation days are not learned from"
    assert prepared.validation == ValidationRecord(first="2022-04-02", last="2022-04-08", unseen=True)


def test_the_manifest_says_which_window_was_used(ingested: Any) -> None:
    home = ingested("home", rows())
    candidate = draft(home, tiny_spec(history=STRIKE))
    prepare.fn(home, candidate)
    write_file(candidate.path("lstm-64", 0, "json"), RunScore(fault="it does not load").to_bytes())
    evaluate_comparators.fn(home, candidate, [])
    verdicts = judge.fn(candidate, LIMITS[0], {}, TODAY)
    record = manifest(candidate, verdicts, LIMITS[0], "tiny", "a test", "2026-01-01", {}, CostModel())
    assert record.history == STRIKE
    assert json.loads(record.model_dump_json())["history"]["exclude"] == [
        {"first": "2022-03-01", "last": "2022-03-07", "stores": ["2"], "reason": "strike"}
    ]
    assert record.snapshot.rows_used == CHAIN.rows - 14 and len(record.snapshot.rows_sha256) == 64


def test_an_excluded_period_of_a_store_without_sales_is_refused_before_anything_is_written(ingested: Any) -> None:
    home = ingested("home", rows())
    period = STRIKE.exclude[0].model_copy(update={"stores": ("1", "99")})
    with pytest.raises(UnknownStores, match="the excluded period 'strike' names store 99, which has no sales"):
        draft(home, tiny_spec(history=History(exclude=(period,))))
    assert not home.candidates.exists()


def test_a_window_that_leaves_nothing_writes_nothing(ingested: Any) -> None:
    home = ingested("home", rows())
    candidate = draft(home, tiny_spec(history=History(min_days=121)))
    with pytest.raises(TooLittleHistory, match=r"no series has 121 days left in the training window"):
        prepare.fn(home, candidate)
    assert not candidate.folder.exists()


def test_the_same_retrain_is_the_same_draft_and_another_is_another(built: Work) -> None:
    variants = ("lstm-16", "lstm-16-p50", "lstm-16-int8")
    assert draft(built.home, tiny_spec(*variants, runs=2)).folder == built.candidate.folder
    assert built.candidate.folder.name.startswith("20230306-")
    others = [
        draft(built.home, tiny_spec(*variants, runs=3)),
        draft(built.home, tiny_spec(*variants[:1], runs=2)),
        draft(built.home, tiny_spec(*variants, runs=2, split=SplitPolicy(holdout=0.3))),
        draft(built.home, tiny_spec(*variants, runs=2, recipe=RECIPE.model_copy(update={"int8": "simulated"}))),
    ]
    assert len({each.folder for each in [built.candidate, *others]}) == 5


def test_there_is_no_draft_without_sales(tmp_path: Path) -> None:
    with pytest.raises(NoSales):
        draft(Home(tmp_path), tiny_spec())


def test_training_and_holdout_are_split_by_date(built: Work) -> None:
    prepared, holdout = built.candidate.prepared, built.candidate.holdout
    known = prepared.snapshot
    assert known.version == 0
    assert (known.first_day, known.last_day) == (date(2022, 1, 1), date(2023, 3, 6))
    assert (known.rows, known.series, known.skipped) == (1720, 4, 0)
    assert holdout.day.min() == np.datetime64("2022-12-13")
    assert len(holdout) == 4 * prepared.holdout.days == 4 * 84
    assert prepared.training_windows == 4 * (430 - 14 - 84 - 34), "validation days are not learned from"
    assert len(np.load(built.candidate.folder / "inputs.npy")) == prepared.training_windows
    assert prepared.references[0].name == "14-day mean x weekday index"


def test_a_history_too_short_says_what_is_needed(tmp_path: Path, take_in: TakeIn) -> None:
    home = Home(tmp_path / "home")
    rows = [f"2026-01-{day:02d},1,1,{day}" for day in range(1, 16)]
    (tmp_path / "a.csv").write_text("\n".join(["date,store,item,sales", *rows]))
    take_in(home, tmp_path / "a.csv")
    candidate = draft(home, tiny_spec())
    with pytest.raises(TooLittleHistory, match="ingest more history"):
        prepare.fn(home, candidate)
    assert not candidate.folder.exists()
