"""Snapshot -> baseline -> variants -> verdicts -> release: the main job."""

import logging
import time
from datetime import UTC, date, datetime
from functools import partial
from itertools import chain
from typing import Any

from prefect import flow

from flows.preflight.retrain import retrain_request
from flows.runtime import cluster
from flows.runtime.watched import watched
from tasks.notify import tell
from tasks.retrain.build import build
from tasks.retrain.candidate import Candidate
from tasks.retrain.comparators import comparators
from tasks.retrain.evaluate import evaluate, evaluate_comparators, time_files
from tasks.retrain.judge import judge
from tasks.retrain.outcome import RetrainResult
from tasks.retrain.prepare import draft, prepare
from tasks.retrain.publish import publish, published_earlier, show
from tasks.state.alert_rules import of_retrain
from tasks.state.alerts import nothing_passed
from tasks.workers import to_do

log = logging.getLogger("shelfcast.retrain")


@watched
def retrain(
    home: str | None = None, profile: str = "standard", recipe: str | None = None, reason: str = "by hand"
) -> RetrainResult:
    """Train the baseline, compress it into all variants, gate each and publish those that pass.

    Args:
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, else `data/`.
        profile: How thorough: one of the settings' profiles. Defaults to `standard`.
        recipe: A recipe that replaces the profile's. Defaults to `None`.
        reason: Why it runs, for the release's manifest. Defaults to `by hand`.

    Returns:
        The JSON of `shelfcast retrain`; its `release` is null if nothing passed.
    """
    start, asked = time.monotonic(), retrain_request(home, profile, recipe)
    settings, place, devices = asked.settings, asked.home, asked.devices
    candidate = draft(place, asked.spec)
    with candidate.alone():
        outcome = published_earlier(place, candidate, settings.gate)
        if outcome is None:
            prepare(place, candidate)
            build_variants.with_options(task_runner=cluster.task_runner(settings.workers))(candidate)
            time_files(candidate)
            evaluate_comparators(place, candidate, comparators(place, candidate.last_day, datetime.now(UTC)))
            verdicts = judge(candidate, settings.gate, devices, date.today())
            outcome = publish(place, candidate, verdicts, settings.gate, profile, reason, devices, settings.costs)
            show(outcome.manifest)
    refused = None if outcome.published else nothing_passed(outcome.manifest)
    tell(place, partial(of_retrain, refused=refused), settings.alert_urls)
    return RetrainResult.of(outcome, time.monotonic() - start)


@flow
def build_variants(candidate: Candidate) -> None:
    """Write every variant's weights, files and scores into the candidate's folder; what is there stays.

    Raises:
        LostWork: If workers were lost. Nothing is judged then; the next run builds what is missing.
    """
    log.info(
        "%d variants to build and to measure",
        len(candidate.spec.variants),
        extra=to_do(2 * len(candidate.spec.variants)),
    )
    built: dict[str, Any] = {}
    for variant in candidate.spec.variants:
        parent = None if variant.from_scratch else built[str(variant.parent)]
        built[variant.name] = build.submit(candidate, variant, parent)
    steps = [(variant, evaluate.submit(candidate, variant)) for variant in built.values()]
    for step in chain.from_iterable(steps):  # a parent's own error comes before what it costs its children
        step.result()
