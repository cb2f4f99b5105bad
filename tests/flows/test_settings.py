"""Settings: the training window, from the file and the environment, and what is wrong with it in one line."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from flows.settings import ROOT, Settings, load, stores_listed
from flows.settings_errors import SettingsError
from tasks.forecasting.data.history import ExcludedPeriod, History
from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.devices import DeviceClass
from tasks.forecasting.rollout.freeze import Freeze

STRIKE = '[[history.exclude]]\nfirst = 2026-03-02\nlast = 2026-03-08\nreason = "strike"\n'


FREEZE = '[[rollout.freeze]]\nname = "Christmas"\nfirst = "11-20"\nlast = "01-02"\n'


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "settings.toml"
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(path))
    path.write_text("")
    return path


def test_by_default_all_is_used(file: Path) -> None:
    assert load().history == History()


def test_the_example_of_the_settings_file_is_right(file: Path) -> None:
    text = (ROOT / "deployments" / "settings.toml").read_text()
    example = re.search(r"^# \[history\]\n(#.*\n)+", text, re.M)
    assert example
    file.write_text(re.sub(r"^# ?", "", example[0], flags=re.M))
    strike = ExcludedPeriod(first=date(2026, 3, 2), last=date(2026, 3, 8), stores=("2", "17"), reason="strike")
    assert load().history == History(days=1096, held_back_days=2, min_days=28, exclude=(strike,))


def test_the_example_of_the_costs_is_their_default(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "deployments" / "settings.toml").read_text()
    example = re.search(r"^# \[costs\].*\n(#.*\n)+", text, re.M)
    assert example
    file.write_text(re.sub(r"^# ?", "", example[0], flags=re.M))
    assert load().costs == CostModel()
    assert load().costs.model_fields_set == set(CostModel.model_fields)
    monkeypatch.setenv("SHELFCAST_COSTS__PER_MAPE_PP", "7")
    assert load().costs.per_mape_pp == 7


def test_the_examples_of_freezes_are_right(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "deployments" / "settings.toml").read_text()
    examples = re.findall(r"^# \[\[rollout\.freeze\]\].*\n(?:#.*\n)+", text, re.M)
    file.write_text(re.sub(r"^# ?", "", "".join(examples), flags=re.M))
    assert load().rollout.freeze == (
        Freeze(name="Christmas", first="11-20", last="01-02"),
        Freeze(name="stocktaking", first=date(2027, 1, 25), last=date(2027, 1, 27), stores=("2", "17")),
    )
    assert load().rollout.max_override_days == 90
    monkeypatch.setenv("SHELFCAST_ROLLOUT__FREEZE", '[{"name": "n", "first": "2026-03-02", "last": "2026-03-02"}]')
    assert [each.first for each in load().rollout.freeze] == [date(2026, 3, 2)]


def test_the_stores_of_the_installation_are_right() -> None:
    label = stores_listed().devices["shelf-label"]
    assert (label.link_kbps, label.update_s) == (20, 2)
    assert stores_listed().devices["till"].link_kbps is None


def test_the_environment_goes_over_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("[history]\ndays = 500\nheld_back_days = 3\n")
    monkeypatch.setenv("SHELFCAST_HISTORY__DAYS", "none")
    closed = '[{"first": "2026-03-02", "last": "2026-03-02", "reason": "closed"}]'
    monkeypatch.setenv("SHELFCAST_HISTORY__EXCLUDE", closed)
    assert load().history.days is None and load().history.held_back_days == 3
    assert [each.reason for each in load().history.exclude] == ["closed"]


def test_variants_are_built_here_unless_a_cluster_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().workers.dask is None
    file.write_text('[workers]\ndask = "tcp://10.0.0.5:8786"\n')
    assert load().workers.dask == "tcp://10.0.0.5:8786"
    monkeypatch.setenv("SHELFCAST_WORKERS__DASK", "none")
    assert load().workers.dask is None


def numbers(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[str]:
    """The dotted name of each setting that is a number."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from numbers(field.annotation, (*path, name))
        elif field.annotation in (int, float, int | None, float | None):
            yield ".".join((*path, name))


def test_there_are_numbers() -> None:
    assert len(list(numbers(Settings))) > 30


@pytest.mark.parametrize("number", ["1e400", "inf", "-inf", "nan", str(10**30)])
@pytest.mark.parametrize("name", numbers(Settings))
def test_no_number_is_infinite_or_absurd(file: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: str) -> None:
    monkeypatch.setenv(f"SHELFCAST_{name.replace('.', '__').upper()}", number)
    with pytest.raises(SettingsError, match=rf"environment variable SHELFCAST_.*: {name}: ") as caught:
        load()
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["flash_kb", "ram_kb", "latency_us", "link_kbps", "update_s"])
@pytest.mark.parametrize("number", ["inf", "nan", "1e30"])
def test_no_number_of_a_device_is_infinite_or_absurd(name: str, number: str) -> None:
    right = {"flash_kb": 1, "ram_kb": 1, "latency_us": 1}
    with pytest.raises(ValidationError, match=name):
        DeviceClass.model_validate(right | {name: number})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            '[[calendar.events]]\nname = "fair"\nfirst = 0001-01-01\nlast = 9999-12-31\n',
            "calendar.events.0: an event must have at most 366 days. Received: fair, 0001-01-01 to 9999-12-31",
        ),
        ("[contract]\nwarn_ratio = [0, inf]\n", "contract: a ratio to last year goes from below 1 to above 1"),
        ("[contract]\nrefuse_ratio = [nan, 2]\n", "contract: a ratio to last year goes from below 1 to above 1"),
    ],
)
def test_absurd_ranges_are_refused(file: Path, content: str, words: str) -> None:
    file.write_text(content)
    with pytest.raises(SettingsError, match=re.escape(words)):
        load()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (STRIKE.replace("03-08", "03-01"), "history.exclude.0: the last day 2026-03-01 is before the first"),
        (STRIKE + STRIKE + "stores = []\n", "history.exclude.1.stores: the list of stores is empty"),
        (STRIKE + "store = ['2']\n", "unknown key 'history.exclude.0.store'"),
        (STRIKE.replace('reason = "strike"', ""), "history.exclude.0.reason: Field required"),
        (STRIKE.replace("2026-03-02", "'in March'"), "history.exclude.0.first: Input should be a valid date"),
        ("[costs]\nper_mb = 1\n", "unknown key 'costs.per_mb'"),
        ("[costs]\nper_mape_pp = -1\n", "costs.per_mape_pp: Input should be greater than or equal to 0"),
        (FREEZE.replace('"01-02"', '"02-30"'), "rollout.freeze.0.last: a day is a date such as 2026-12-24"),
        (
            FREEZE.replace('"01-02"', "2027-01-02"),
            "rollout.freeze.0: first is 11-20 and last is 2027-01-02; write",
        ),
        (FREEZE + "store = ['2']\n", "unknown key 'rollout.freeze.0.store'"),
        (FREEZE.replace('name = "Christmas"', ""), "rollout.freeze.0.name: Field required"),
        ("[rollout]\nmax_override_days = 0\n", "rollout.max_override_days: Input should be greater than or equal to 1"),
        ("[history]\nlength = 500\n", "unknown key 'history.length'"),
        ("[history]\nmin_days = 14\n", "history.min_days: Input should be greater than 14"),
        ("[history]\nheld_back_days = -1\n", "history.held_back_days: Input should be greater than or equal to 0"),
        ("[workers]\ndask = '10.0.0.5:8786'\n", "workers.dask: a scheduler's address is tcp://HOST:PORT"),
        ("[workers]\ndask = 'tcp://10.0.0.5'\n", "workers.dask: a scheduler's address is tcp://HOST:PORT"),
        ("[workers]\ndask = 'tcp://10.0.0.5:87860'\n", "workers.dask: Port out of range"),
        ("[history]\ndays = 20\nmin_days = 28\n", "history: days is 20 and min_days is 28"),
    ],
    ids=[
        "last before first",
        "no store",
        "misspelt key of a period",
        "no reason",
        "not a day",
        "misspelt cost",
        "negative cost",
        "no day of any year",
        "one end with a year",
        "misspelt key of a freeze",
        "a freeze without a name",
        "overrides that end before they begin",
        "misspelt key",
        "series shorter than a window and its target",
        "days of the future",
        "cluster without a scheme",
        "cluster without a port",
        "cluster with a port that none has",
        "length below the shortest series",
    ],
)
def test_an_impossible_window_is_said_in_one_line(file: Path, content: str, words: str) -> None:
    file.write_text(content)
    with pytest.raises(SettingsError, match=re.escape(words)) as caught:
        load()
    assert len(str(caught.value).splitlines()) == 1
    assert str(file) in str(caught.value)
