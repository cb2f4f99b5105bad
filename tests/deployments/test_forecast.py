"""What a store device answers, from its assignment, its file and 14 days, is what the pipeline answers.

The device's own program runs here as it does there: one file beside numpy and LiteRT, without shelfcast.
"""

import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tasks.forecasting.data.holidays import SeasonCalendar
from tasks.forecasting.data.panel import WINDOW
from tasks.forecasting.data.windows import SplitPolicy, windows
from tasks.forecasting.model.lstm import Training
from tasks.forecasting.model.recipe import Recipe
from tasks.forecasting.rollout.devices import DeviceClass
from tasks.forecasting.rollout.waves import StoreList
from tasks.forecasting.synthetic import Chain, blocks
from tasks.retrain.build import build
from tasks.retrain.evaluate import evaluate, evaluate_comparators, time_files
from tasks.retrain.prepare import draft, prepare
from tasks.state import sales_table
from tasks.state.home import Home
from tasks.state.release import Release
from tests.conftest import TakeIn, only, publish_candidate, tiny_spec
from tests.stores import promote, update_channel

PROGRAM = Path(__file__).parents[2] / "deployments" / "store" / "forecast.py"
VARIANTS = ("lstm-4", "lstm-4-kd", "lstm-4-p50", "lstm-4-f16", "lstm-4-int8", "lstm-4-full8", "lstm-4-p50-int8")
CHAIN = Chain(stores=1, items=3, days=440)
SOLD_UNTIL = 410
"""Days that the release knows; the store sells on."""

FAIRS = [date(2022 + month // 12, 1 + month % 12, 10) for month in range(16)]
CALENDAR = SeasonCalendar.model_validate(
    {
        "country": "US",
        "events": [{"name": "fair", "first": str(day)} for day in FAIRS],
        "groups": {"fresh": ["2"]},
    }
)
TILL = StoreList(default_device="till", devices={"till": DeviceClass(flash_kb=999, ram_kb=999, latency_us=1e9)})
SCALINGS: list[Any] = ["window-mean", "running-level", "global-min-max"]


@dataclass(frozen=True)
class Shop:
    home: Home
    release: Release


@pytest.fixture(scope="module")
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("store_forecast", PROGRAM)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=SCALINGS)
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, take_in: TakeIn) -> Shop:
    """A store with a release from 410 days, and 30 days sold since, some of them missing."""
    folder = tmp_path_factory.mktemp(request.param)
    home, rows = Home(folder / "home"), pd.concat(blocks(CHAIN)).drop(columns="mean")
    day = pd.to_datetime(rows["date"])
    fresh_on_sunday = (rows["item"] == 2) & (day.dt.day_name() == "Sunday")
    rows["sales"] *= np.where(day.isin(pd.to_datetime(FAIRS)), 3, 1) * np.where(fresh_on_sunday, 4, 1)
    known = day < pd.Timestamp(CHAIN.first_day) + pd.Timedelta(days=SOLD_UNTIL)
    rows[known].to_csv(folder / "known.csv", index=False)
    rows[~known].drop(index=rows[~known].index[::7]).to_csv(folder / "since.csv", index=False)
    take_in(home, folder / "known.csv")
    recipe = Recipe(
        scaling=request.param,
        weight="level",
        training=Training(epochs=1, batch=256, learning_rate=5e-3),
        finetuning=Training(epochs=1, batch=256, learning_rate=2e-3),
        int8="integer",
    )
    candidate = draft(home, tiny_spec(*VARIANTS, recipe=recipe, split=SplitPolicy(holdout=0.1), calendar=CALENDAR))
    prepare.fn(home, candidate)
    parents = {variant.name: variant for variant in candidate.spec.variants}
    for variant in candidate.spec.variants:
        build.fn(candidate, variant, None if variant.from_scratch else parents[str(variant.parent)])
        evaluate.fn(candidate, variant)
    time_files.fn(candidate)
    evaluate_comparators.fn(home, candidate, [])
    limits = only(max_mape=500)
    record = publish_candidate(home, candidate, limits, devices=TILL.devices).manifest
    take_in(home, folder / "since.csv")
    return Shop(home, Release(home.releases / record.release))


def assignment(shop: Shop, variant: str) -> dict[str, Any]:
    """The store's, as if the variant had been chosen for it."""
    promote(shop.home, shop.release.id, "1", listed=TILL)
    update_channel(shop.home)
    found = json.loads((shop.home.channel / "stores" / "1.json").read_text())
    golden = json.loads((shop.release.folder / "golden.json").read_text())
    for sample, own in zip(found["golden"]["samples"], golden["samples"], strict=True):
        sample["forecast"] = own["forecast"][variant]
    found["model"]["sha256"] = shop.release.manifest.files[f"{variant}.tflite"].sha256
    return found


@pytest.mark.parametrize("variant", ["lstm-64", *VARIANTS])
def test_a_device_answers_as_the_pipeline(shop: Shop, program: ModuleType, variant: str) -> None:
    """Day after day, for every item, from raw sales of which some are missing."""
    device = program.Device(assignment(shop, variant), shop.release.file(variant))
    learned = shop.release.manifest.snapshot.last_day
    recent = sales_table.panel(shop.home, after=learned - timedelta(WINDOW))
    since = windows(recent, recent.column_after(learned), len(recent.dates))
    expected = shop.release.forecast(variant, since, shop.release.levels)
    assert len(since) > 60
    order = np.argsort(since.column, kind="stable")
    for row in order:
        history = [None if np.isnan(units) else float(units) for units in since.history[row]]
        answer = device.forecast(recent.items[since.series[row]], history, since.day[row].astype(date))
        assert answer == pytest.approx(expected[row], rel=1e-3, abs=1e-3)


def test_the_seasons_that_this_tests_are_there(shop: Shop) -> None:
    """So that the test above can fail: special days and groups reach the device."""
    scaling = shop.release.manifest.scaling
    if scaling.kind != "global-min-max":
        assert scaling.days["2023-03-10"] > 2
        assert scaling.groups[0].items == ("2",)
    assert (shop.release.levels is not None) == (scaling.kind == "running-level")


def test_half_a_history_must_be_known(shop: Shop, program: ModuleType) -> None:
    device = program.Device(assignment(shop, "lstm-4"), shop.release.file("lstm-4"))
    day = date(2023, 3, 1)
    assert device.forecast("1", [None] * 8 + [5] * 6, day) is None
    assert device.forecast("1", [None] * 7 + [5] * 7, day) > 0
    assert device.forecast("1", [5] * 13, day) is None


def test_another_file_or_a_wrong_answer_is_refused(shop: Shop, program: ModuleType) -> None:
    given = assignment(shop, "lstm-4")
    with pytest.raises(program.ModelRejected, match="fetch it again"):
        program.Device(given, shop.release.file("lstm-4-int8"))
    given["golden"]["samples"][3]["forecast"] *= 1.01
    with pytest.raises(program.ModelRejected, match="keep the old"):
        program.Device(given, shop.release.file("lstm-4"))


def test_the_program_forecasts_from_the_channel(shop: Shop) -> None:
    assignment(shop, "lstm-4")
    history = ",".join(["40"] * 10 + [""] + ["40"] * 3)
    command = [sys.executable, str(PROGRAM), str(shop.home.channel), "--store", "1", "--item", "2"]
    done = subprocess.run(
        [*command, "--day", "2023-03-01", "--history", history], capture_output=True, text=True, check=True, cwd="/"
    )
    assert float(done.stdout) > 0
