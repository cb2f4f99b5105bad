"""What several folders of tests build on: sales taken in by the real steps, and one tiny release, trained once."""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.data.history import History
from tasks.forecasting.data.holidays import SeasonCalendar
from tasks.forecasting.data.windows import SplitPolicy
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.model.lstm import Training
from tasks.forecasting.model.recipe import Recipe
from tasks.forecasting.model.spec import TrainingSpec
from tasks.forecasting.model.variants.plan import plan
from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.devices import DeviceClass
from tasks.forecasting.synthetic import Chain
from tasks.retrain.candidate import Candidate
from tasks.retrain.outcome import Outcome
from tasks.state.arrays import npy
from tasks.state.atomic import write_file
from tasks.state.home import Home

if TYPE_CHECKING:
    from tasks.ingest.result import IngestResult

# steps are called outside a flow here; Prefect's log handler warns of that, and warnings are errors
os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")

TakeIn = Callable[..., "IngestResult"]

CHAIN = Chain(stores=2, items=2, days=430)


def only(**asked: Any) -> Limits:
    """Limits of which nothing is checked but what is asked."""
    off = {name: None for name in Limits.model_fields if name.startswith("max_")}
    return Limits(**off | {"beat_reference": False, "fit_a_device": False} | asked)


LENIENT = only(max_mape=60, max_worse_than_baseline_pp=1, max_worse_than_champion_pp=0.5)
LIMITS = (LENIENT, LENIENT.model_copy(update={"max_mape": 61}))
"""Nothing is tested here on how well two epochs do; a second release of the same files needs another limit."""

TODAY = date(2023, 3, 10)
"""Soon after the chain's last sales."""

RECIPE = Recipe(
    scaling="window-mean",
    weight="level",
    training=Training(epochs=2, batch=64, learning_rate=5e-3),
    finetuning=Training(epochs=1, batch=64, learning_rate=2e-3),
    int8="integer",
)


def tiny_spec(*variants: str, **changed: Any) -> TrainingSpec:
    """A specification that trains in seconds: the baseline and these variants once each, with the default settings.

    Args:
        variants: Names of variants beside the baseline.
        changed: Fields of the specification that differ.
    """
    spec = TrainingSpec("tiny", RECIPE, plan(variants), 1, SplitPolicy(), History(), SeasonCalendar(), MapePolicy())
    return replace(spec, **changed)


@dataclass(frozen=True)
class Work:
    """A home with a chain's sales, and a candidate in it."""

    home: Home
    candidate: Candidate
    limits: tuple[Limits, ...] = LIMITS
    chain: Chain = CHAIN

    def copied(self, root: Path) -> "Work":
        shutil.copytree(self.home.root, root)
        folder = root / "candidates" / self.candidate.folder.name
        return Work(Home(root), replace(self.candidate, folder=folder))


def publish_candidate(
    home: Home,
    candidate: Candidate,
    limits: Limits,
    reason: str = "a test",
    devices: Mapping[str, DeviceClass] = MappingProxyType({}),
    costs: CostModel = CostModel(),  # noqa: B008  # frozen
) -> Outcome:
    """Judge a candidate and publish it, or record its refusal, as the flow does."""
    from tasks.retrain.judge import judge
    from tasks.retrain.publish import publish

    verdicts = judge.fn(candidate, limits, devices, TODAY)
    return publish.fn(home, candidate, verdicts, limits, "tiny", reason, devices, costs)


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Output is piped, whatever terminal the tests themselves run in."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(scope="session")
def take_in() -> TakeIn:
    """Ingest as the flow does, without the contract's suite, which takes 10 s to import."""
    from tests.ingest.steps import ingest

    return ingest


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, take_in: TakeIn) -> Work:
    """Two runs of four variants, trained and scored, not judged. Copy it before you change it."""
    from tasks.ingest.sample import write_sample
    from tasks.retrain.build import build
    from tasks.retrain.evaluate import evaluate, evaluate_comparators, time_files
    from tasks.retrain.prepare import draft, prepare

    folder = tmp_path_factory.mktemp("built")
    home = Home(folder / "home")
    write_sample(folder / "history.parquet", CHAIN)
    take_in(home, folder / "history.parquet")
    candidate = draft(home, tiny_spec("lstm-16", "lstm-16-p50", "lstm-16-int8", runs=2))
    prepare.fn(home, candidate)
    parents = {variant.name: variant for variant in candidate.spec.variants}
    for variant in candidate.spec.variants:
        build.fn(candidate, variant, None if variant.from_scratch else parents[str(variant.parent)])
        evaluate.fn(candidate, variant)
    time_files.fn(candidate)
    evaluate_comparators.fn(home, candidate, [])
    return Work(home, candidate)


@pytest.fixture
def work(built: Work, tmp_path: Path) -> Work:
    return built.copied(tmp_path / "home")


@pytest.fixture(scope="session")
def published(built: Work, tmp_path_factory: pytest.TempPathFactory) -> tuple[Work, tuple[str, str]]:
    """The same with two releases, older first. Copy it before you change it."""
    work = built.copied(tmp_path_factory.mktemp("published") / "home")
    kept = work.copied(tmp_path_factory.mktemp("kept") / "home")
    ids = []
    for limits in work.limits:
        ids.append(publish_candidate(work.home, work.candidate, limits).manifest.release)
        shutil.copytree(kept.candidate.folder, work.candidate.folder)
    return work, (ids[0], ids[1])


@pytest.fixture
def shop(published: tuple[Work, tuple[str, str]], tmp_path: Path) -> tuple[Home, str, str]:
    """A home with sales and two releases, older first."""
    work, (older, newer) = published
    return work.copied(tmp_path / "home").home, older, newer


@dataclass(frozen=True)
class Refusals:
    """A home where the gate refused something.

    Attributes:
        home: With sales, a release and a candidate.
        release: Its id; the gate passed `lstm-64` and `lstm-16`, `lstm-16-int8` is too inaccurate, and the file of
            `lstm-16-p50` does not work.
        candidate: Of which nothing passed: the id that it would have had as a release.
    """

    home: Home
    release: str
    candidate: str


@pytest.fixture(scope="session")
def refused(built: Work, tmp_path_factory: pytest.TempPathFactory) -> Refusals:
    """What `refusals` copies."""
    work = built.copied(tmp_path_factory.mktemp("refused") / "home")
    for variant, found in (
        ("lstm-16-int8", {"mape": 99.0, "validation_mape": 99.0}),
        ("lstm-16-p50", {"fault": "it does not load"}),
    ):
        path = work.candidate.path(variant, 0, "json")
        path.write_text(json.dumps(json.loads(path.read_text()) | found))
    path = work.candidate.path("lstm-16-int8", 0, "forecast.npy")
    write_file(path, npy(3 * np.load(path)))
    kept = work.copied(tmp_path_factory.mktemp("kept") / "home")
    ids = []
    for limits in (work.limits[0], only(max_mape=0.1)):
        ids.append(publish_candidate(work.home, work.candidate, limits).manifest.release)
        if not work.candidate.folder.exists():
            shutil.copytree(kept.candidate.folder, work.candidate.folder)
    return Refusals(work.home, *ids)


@pytest.fixture
def refusals(refused: Refusals, tmp_path: Path) -> Refusals:
    shutil.copytree(refused.home.root, tmp_path / "home")
    return replace(refused, home=Home(tmp_path / "home"))
