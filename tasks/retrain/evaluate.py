"""Step: run the files in LiteRT on the holdout, and time them."""

import logging
from collections.abc import Mapping, Sequence
from hashlib import sha256

import numpy as np
from prefect import task

from tasks import workers
from tasks.forecasting.data.panel import Floats32
from tasks.forecasting.model import scaling
from tasks.forecasting.model.lstm import Weights
from tasks.forecasting.model.variants import build, contents, latency, litert
from tasks.forecasting.model.variants.plan import Variant
from tasks.retrain.candidate import COMPARATORS, SHIPPED, Candidate, ComparatorRecord, LatencyRecord, RunScore
from tasks.retrain.comparators import Comparator
from tasks.state.arrays import npy, transfer_bytes
from tasks.state.atomic import write_file
from tasks.state.home import Home
from tasks.state.ledger import Champion
from tasks.state.release import DamagedRelease
from tasks.state.releases import Releases
from tasks.workers import DONE

log = logging.getLogger("shelfcast.evaluate")


@task(task_run_name="evaluate-{variant.name}")
def evaluate(candidate: Candidate, variant: Variant) -> Variant:
    """Write the score of each run's file into the candidate's folder; scores that are there stay.

    Raises:
        LostWork: If a run's worker was lost twice.
    """
    workers.gather(score_run, [(candidate, variant, run) for run in range(candidate.spec.runs)])
    scores = candidate.scores(variant.name)
    mapes = ", ".join("undefined" if score.mape is None else f"{score.mape:.2f} %" for score in scores)
    log.info("%s: MAPE %s, %s bytes", variant.name, mapes or "none", f"{scores[SHIPPED].file_bytes or 0:,}", extra=DONE)
    return variant


@task
def time_files(candidate: Candidate) -> None:
    """Time one forecast of each variant's file, after all other work: a busy machine would distort the figures."""
    workers.gather(time_file, [(candidate, variant) for variant in candidate.spec.variants])


@task
def evaluate_comparators(home: Home, candidate: Candidate, comparators: Sequence[Comparator]) -> None:
    """Write what comparators forecast on the candidate's holdout.

    Each model forecasts once, however many comparators use it. A model that cannot be measured forecasts NaN, so that
    the gate abstains.
    """
    stores: dict[Champion, set[str]] = {}
    for comparator in comparators:
        for store, model in comparator.of_store.items():
            stores.setdefault(model, set()).add(store)
    jobs = [(home, candidate, model, sorted(codes)) for model, codes in stores.items()]
    forecasts = dict(workers.gather(forecast_of, jobs))
    for comparator in comparators:
        write_file(candidate.comparator(comparator.name), npy(_combined(candidate, comparator, forecasts)))
    described = tuple(
        ComparatorRecord(name=each.name, label=each.label, stores=tuple(sorted(each.of_store))) for each in comparators
    )
    write_file(candidate.folder / "rivals.json", COMPARATORS.dump_json(described, indent=1))


def _combined(candidate: Candidate, comparator: Comparator, forecasts: Mapping[Champion, Floats32]) -> Floats32:
    """Units that a comparator forecasts on the holdout, shape `(windows,)`: in each store, those of its model."""
    store_of = candidate.holdout.panel.stores[candidate.holdout.series]
    units = np.full(len(store_of), np.nan, np.float32)
    for store, model in comparator.of_store.items():
        in_store = store_of == store
        units[in_store] = forecasts[model][in_store] if model in forecasts else np.nan
    return units


def forecast_of(home: Home, candidate: Candidate, model: Champion, stores: list[str]) -> tuple[Champion, Floats32]:
    """Units that a published model forecasts for some stores on the candidate's holdout, shape `(windows,)`.

    They are NaN for other stores, and for all stores if the model's file is damaged or gone. Runs in a worker.
    """
    holdout = candidate.holdout
    units = np.full(len(holdout), np.nan, np.float32)
    asked = np.isin(holdout.panel.stores[holdout.series], stores)
    try:
        units[asked] = Releases.of(home).release(model.release).forecast(model.variant, holdout[asked])
    except (DamagedRelease, OSError) as error:
        log.error("%s of %s cannot be compared with: %s", model.variant, model.release, error)
    return model, units


def score_run(candidate: Candidate, variant: Variant, run: int) -> None:
    """Test one run's file, run it on the holdout and write its score, unless the score is there. Runs in a worker."""
    path, file = (candidate.path(variant.name, run, kind) for kind in ("json", "tflite"))
    if path.exists():
        return
    content, weights = file.read_bytes(), Weights.load(candidate.path(variant.name, run, "npz"))
    golden = candidate.scale(candidate.golden).inputs
    fault = build.fault(variant, candidate.spec.recipe, weights, content, golden)
    score = RunScore(
        fault=fault,
        sha256=sha256(content).hexdigest(),
        file_bytes=len(content),
        transfer_bytes=transfer_bytes(content),
    )
    if fault is None:
        forecaster = litert.Forecaster(content)
        forecast = scaling.forecast(candidate.scale, candidate.holdout, forecaster)
        score = _measured(candidate, score, content, forecaster, forecast)
        write_file(candidate.path(variant.name, run, "forecast.npy"), npy(forecast))
    write_file(path, score.to_bytes())


def _measured(
    candidate: Candidate, score: RunScore, content: bytes, forecaster: litert.Forecaster, forecast: Floats32
) -> RunScore:
    """The score with what running the file tells: its errors on the holdout, its MAPE on the validation days."""
    measured = {
        "policy": candidate.spec.policy.hash,
        **vars(candidate.evaluation.accuracy(forecast)),
        "validation_mape": _validation_mape(candidate, forecaster),
        "by_store": candidate.evaluation.by_store(forecast),
        "ram_bytes": len(content) + forecaster.working_memory(),
        "operations": contents.operations(content),
    }
    return RunScore.model_validate(dict(score) | measured)


def _validation_mape(candidate: Candidate, forecaster: litert.Forecaster) -> float | None:
    """MAPE in percent on the validation days; `None` where the network learned from them too."""
    if not candidate.prepared.validation.unseen:
        return None
    validation = candidate.validation
    return validation.accuracy(scaling.forecast(candidate.scale, validation.windows, forecaster)).mape


def time_file(candidate: Candidate, variant: Variant) -> None:
    """Write how long one forecast of the file that would ship takes, unless it is known. Runs in a worker."""
    score = candidate.shipped(variant.name)
    if candidate.latency(variant.name).latency_us is not None or score.fault is not None:
        return
    content = candidate.path(variant.name, SHIPPED, "tflite").read_bytes()
    inputs = candidate.scale(candidate.golden).inputs
    timed = latency.measure(litert.Forecaster(content), inputs, score.sha256 or "")
    record = LatencyRecord(latency_us=timed.microseconds, latency_fault=timed.reason)
    write_file(candidate.path(variant.name, SHIPPED, "latency.json"), record.to_bytes())
