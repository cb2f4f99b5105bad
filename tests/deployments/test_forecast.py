"""What a store device answers, from its assignment, its file and 14 days, is what the pipeline answers.

The device's own program runs here as it does there: one file beside numpy and LiteRT, without shelfcast.
"""

import importlib.util
import inspect
import json
import math
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from tasks.state import file_name as names
from tasks.state import sales_table
from tasks.state.channel import Channel, Parcel, parcel
from tasks.state.file_name import file_name
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


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory, take_in: TakeIn) -> Callable[[str], Shop]:
    """The shop of a scaling, which is made once."""
    return cache(lambda scaling: made(scaling, tmp_path_factory.mktemp(scaling), take_in))


@pytest.fixture(params=SCALINGS)
def shop(request: pytest.FixtureRequest, shops: Callable[[str], Shop]) -> Shop:
    return shops(request.param)


@pytest.fixture
def window_mean(shops: Callable[[str], Shop]) -> Shop:
    found = shops("window-mean")
    assignment(found, "lstm-4")
    return found


def made(scaling: Any, folder: Path, take_in: TakeIn) -> Shop:
    """A store with a release from 410 days, and 30 days sold since, some of them missing."""
    home, rows = Home(folder / "home"), pd.concat(blocks(CHAIN)).drop(columns="mean")
    day = pd.to_datetime(rows["date"])
    fresh_on_sunday = (rows["item"] == 2) & (day.dt.day_name() == "Sunday")
    rows["sales"] *= np.where(day.isin(pd.to_datetime(FAIRS)), 3, 1) * np.where(fresh_on_sunday, 4, 1)
    known = day < pd.Timestamp(CHAIN.first_day) + pd.Timedelta(days=SOLD_UNTIL)
    rows[known].to_csv(folder / "known.csv", index=False)
    rows[~known].drop(index=rows[~known].index[::7]).to_csv(folder / "since.csv", index=False)
    take_in(home, folder / "known.csv")
    recipe = Recipe(
        scaling=scaling,
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


def test_another_file_or_a_wrong_answer_is_refused(shop: Shop, program: ModuleType) -> None:
    given = assignment(shop, "lstm-4")
    with pytest.raises(program.ModelRejected, match="fetch it again"):
        program.Device(given, shop.release.file("lstm-4-int8"))
    given["golden"]["samples"][3]["forecast"] *= 1.01
    with pytest.raises(program.ModelRejected, match="keep the old"):
        program.Device(given, shop.release.file("lstm-4"))


def run(channel: Path, **options: str) -> subprocess.CompletedProcess[str]:
    """The program as a device runs it, with a request that is right but for some options."""
    asked = {"store": "1", "item": "2", "day": "2023-03-01", "history": ",".join(["40"] * 10 + [""] + ["40"] * 3)}
    given = [word for name, value in (asked | options).items() for word in (f"--{name}", value)]
    return subprocess.run(
        [sys.executable, str(PROGRAM), str(channel), *given], capture_output=True, text=True, check=False, cwd="/"
    )


def test_the_program_forecasts_from_the_channel(shop: Shop) -> None:
    assignment(shop, "lstm-4")
    done = run(shop.home.channel)
    assert (done.returncode, done.stderr) == (0, "")
    assert float(done.stdout) > 0
    assert run(shop.home.channel, history=",,,,,,,,,,,,40,40").returncode == 1


REQUESTS: dict[str, tuple[dict[str, str], str]] = {
    "underscore": ({"history": "1_000" + ",4" * 13}, "sales must be plain numbers from 0, such as 12 or 3.5, or empty"),
    "nan": ({"history": "nan" + ",4" * 13}, "received 'nan'"),
    "infinite": ({"history": "inf" + ",4" * 13}, "received 'inf'"),
    "huge": ({"history": "1e300" + ",4" * 13}, "received '1e300'"),
    "negative": ({"history": "-5" + ",4" * 13}, "received '-5'"),
    "text": ({"history": "many" + ",4" * 13}, "received 'many'"),
    "other digits": ({"history": "٣" + ",4" * 13}, "received '٣'"),
    "too large": ({"history": "9999999999" + ",4" * 13}, "sales must be numbers from 0 to 1000000000"),
    "13 values": ({"history": "4" + ",4" * 12}, "the history must have 14 values, empty ones too; received 13"),
    "15 values": ({"history": "4" + ",4" * 14}, "received 15"),
    "first day of all": ({"day": "0001-01-01"}, "the day must be YYYY-MM-DD, from 1970-01-01 to 2149-06-06"),
    "last day of all": ({"day": "9999-12-31"}, "received '9999-12-31'"),
    "day in another form": ({"day": "20230301"}, "received '20230301'"),
    "no such day": ({"day": "2023-02-29"}, "received '2023-02-29'"),
    "unknown option": ({"\x1b]0;x": "1"}, "unrecognized arguments: --\\x1b]0;x"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_that_cannot_be_right_is_refused_in_one_line(
    window_mean: Shop, program: ModuleType, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options, words = REQUESTS[name]
    asked = {"store": "1", "item": "2", "day": "2023-03-01", "history": "4" + ",4" * 13} | options
    given = [word for name, value in asked.items() for word in (f"--{name}", value)]
    assert program.main([str(window_mean.home.channel), *given]) == 2
    told = capsys.readouterr()
    assert not told.out and words in told.err
    assert told.err.count("\n") == 1 and "\x1b" not in told.err


def test_a_missing_argument_is_refused_in_one_line(program: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["channel", "--store", "1"]) == 2
    assert "the following arguments are required: --item, --day, --history" in capsys.readouterr().err


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1, 1e300, 10**400, "5", True])
def test_the_class_refuses_what_the_program_refuses(window_mean: Shop, program: ModuleType, bad: Any) -> None:
    device = program.Device.of(window_mean.home.channel, "1")
    with pytest.raises(program.BadRequest, match="sales must be numbers"):
        device.forecast("1", [*[5] * 13, bad], date(2023, 3, 1))
    with pytest.raises(program.BadRequest, match="received 13"):
        device.forecast("1", [5] * 13, date(2023, 3, 1))
    for day in (date.min, date(1970, 1, 1), date.max, datetime(2023, 3, 1), None):
        with pytest.raises(program.BadRequest, match="the day must be a date"):
            device.forecast("1", [5] * 14, day)


def test_an_unknown_item_is_refused_where_the_assignment_names_the_stores_items(
    window_mean: Shop, program: ModuleType
) -> None:
    given = assignment(window_mean, "lstm-4") | {"items": ["1", "2"]}
    device = program.Device(given, window_mean.release.file("lstm-4"))
    assert device.forecast("2", [5] * 14, date(2023, 3, 1)) > 0
    with pytest.raises(program.BadRequest, match="one of the 2 of this store; received '3'"):
        device.forecast("3", [5] * 14, date(2023, 3, 1))


def changed(content: Any, path: str, value: Any) -> Any:
    """A copy of an assignment with another value at a path; without it where the value is `GONE`."""
    *parents, last = path.split(".")
    found = copy = json.loads(json.dumps(content))
    for part in parents:
        found = found[int(part) if isinstance(found, list) else part]
    last = int(last) if isinstance(found, list) else last
    if value is GONE:
        del found[last]
    else:
        found[last] = value
    return copy


GONE = object()
ASSIGNMENTS: list[tuple[str, Any, str]] = [
    ("store", "2", "the assignment must be for store '1'; it is for '2'"),
    ("store", 1, "store must be as shelfcast writes it; received 1"),
    ("store", GONE, "the assignment must have store"),
    ("model.path", "/etc/passwd", "model.path must be"),
    ("model.path", "models/../../secret", "model.path must be"),
    ("model.path", "stores/1.json", "model.path must be"),
    ("model.path", "models/..", "model.path must be"),
    ("model.path", "models/gone.tflite", "the model file cannot be read"),
    ("model.path", "models/link.tflite", "the model file must be in the channel; models/link.tflite leads to"),
    ("model.sha256", "0" * 64, "fetch it again"),
    ("model", [], "model must be"),
    ("window", 10**30, "window must be"),
    ("window", 7, "golden.samples.history must be"),
    ("golden.samples", [], "there must be a golden sample"),
    ("golden.samples", GONE, "must have golden.samples"),
    ("golden.tolerance", GONE, "the tolerance must be over 0 and at most 0.01; received None"),
    ("golden.tolerance", 1e9, "received 1000000000.0"),
    ("golden.tolerance", 0.011, "received 0.011"),
    ("golden.tolerance", -1, "received -1"),
    ("golden.tolerance", "1e-3", "received '1e-3'"),
    ("golden.tolerance", math.nan, "the assignment is damaged: NaN is no number"),
    ("golden.samples.0.history", [None] * 14, "must know 7 of its days"),
    ("golden.samples.0.forecast", -1, "golden.samples.forecast must be"),
    ("golden.samples.0.day", "0001-01-01", "golden.samples.day must be"),
    ("scaling.kind", "none", "scaling.kind must be one that this program knows"),
    ("scaling.weekday.0", 0, "scaling.weekday must be"),
    ("scaling.month", [1.0] * 11, "scaling.month must be"),
    ("items", "12", "items must be"),
    ("levels", {"day": "2023-01-01", "of": {"1": {"units": -1, "days": 3}}}, "levels.of.units must be"),
]


@pytest.mark.parametrize(
    ("path", "value", "words"), ASSIGNMENTS, ids=[f"{path}-{n}" for n, (path, *_) in enumerate(ASSIGNMENTS)]
)
def test_an_assignment_that_is_not_right_is_refused(
    window_mean: Shop, program: ModuleType, tmp_path: Path, path: str, value: Any, words: str
) -> None:
    channel = tmp_path / "channel"
    given = assignment(window_mean, "lstm-4")
    shutil.copytree(window_mean.home.channel, channel)
    (tmp_path / "elsewhere").write_bytes(window_mean.release.file("lstm-4"))
    (channel / "models" / "link.tflite").symlink_to(tmp_path / "elsewhere")
    (channel / "stores" / "1.json").write_text(json.dumps(changed(given, path, value)))
    with pytest.raises(program.ModelRejected, match=re.escape(words)):
        program.Device.of(channel, "1")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"7", b"\xff\xfe{\0}\0", b"[" * 100_000, b'{"store": ' + b"9" * 5000 + b"}"]
)
def test_a_damaged_assignment_is_refused_by_the_program(
    program: ModuleType, tmp_path: Path, content: bytes, capsys: Any
) -> None:
    (tmp_path / "stores").mkdir()
    (tmp_path / "stores" / "1.json").write_bytes(content)
    asked = [str(tmp_path), "--store", "1", "--item", "1", "--day", "2023-03-01", "--history", "4" + ",4" * 13]
    assert program.main(asked) == 3
    told = capsys.readouterr()
    assert not told.out and told.err.startswith("forecast.py: the assignment ") and told.err.count("\n") == 1


def test_a_store_without_assignment_is_refused(window_mean: Shop, tmp_path: Path) -> None:
    done = run(window_mean.home.channel, store="../models/\x1b[2J")
    assert done.returncode == 3 and done.stderr.count("\n") == 1
    assert "the assignment of store '../models/\\x1b[2J' cannot be read" in done.stderr
    assert run(tmp_path / "gone").returncode == 3


def test_a_file_that_is_no_model_is_refused(window_mean: Shop, program: ModuleType) -> None:
    given = assignment(window_mean, "lstm-4")
    for content in (b"", b"no model", window_mean.release.file("lstm-4")[:500]):
        given["model"]["sha256"] = sha256(content).hexdigest()
        with pytest.raises(program.ModelRejected, match="cannot be run"):
            program.Device(given, content)


@pytest.mark.parametrize("store", ["../x", "SHOP", "Магазин «Продукты» на Ленинградском проспекте", "x" * 128, "con"])
def test_a_store_of_any_code_finds_its_assignment(
    window_mean: Shop, program: ModuleType, tmp_path: Path, store: str
) -> None:
    sent = parcel(window_mean.release, "lstm-4", "1")
    other = Parcel(sent.assignment.model_copy(update={"store": store}), sent.model)
    channel = Channel(tmp_path / "channel")
    assert channel.put(other)
    assert {path.parent for path in tmp_path.rglob("*.json")} == {tmp_path / "channel" / "stores"}
    assert program.Device.of(channel.root, store).forecast("1", [5] * 14, date(2023, 3, 1)) > 0


def test_the_program_names_files_as_the_channel_does(program: ModuleType) -> None:
    assert inspect.getsource(program.file_name).split('"""')[2] == inspect.getsource(file_name).split('"""')[2]
    for own in ("_OWN_NAME", "_RESERVED"):
        assert getattr(program, own) == getattr(names, own)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([0, -1, 1e308, 10**40, ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def places(content: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The path of each value in an assignment."""
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in inner:
        if "." not in str(key):
            yield ".".join((*path, str(key)))
            yield from places(value, (*path, str(key)))


@pytest.fixture
def assigned(shop: Shop) -> tuple[Any, bytes]:
    return assignment(shop, "lstm-4"), shop.release.file("lstm-4")


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_an_assignment_is_refused_or_harmless(
    assigned: tuple[Any, bytes], program: ModuleType, data: st.DataObject
) -> None:
    """Whatever is accepted has golden samples that test something, and answers numbers of units."""
    content, model = assigned
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(sorted(places(content))))
        content = changed(content, path, data.draw(JSON | st.just(GONE)))
    try:
        device = program.Device(json.loads(json.dumps(content)), model, "1")
    except program.ModelRejected:
        return
    assert content["store"] == "1" and content["golden"]["samples"] and 0 < content["golden"]["tolerance"] <= 0.01
    with suppress(program.BadRequest, program.ModelRejected):
        assert 0 <= device.forecast("1", [5, 0, 1e9, None] * 3 + [1, 2], date(2023, 12, 31)) <= 1e9
