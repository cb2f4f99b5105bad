"""Snapshot -> baseline -> variants -> verdicts -> release: the main job."""

import time
from datetime import UTC, date, datetime
from typing import Any

from prefect import flow

from flows.runtime import cluster
from flows.runtime.watched import watched
from flows.settings import home_at, load, stores_listed
from tasks.forecasting.model.recipe import RECIPES
from tasks.notify import tell
from tasks.retrain.candidate import Candidate
from tasks.retrain.comparators import rivals
from tasks.retrain.compress import compress
from tasks.retrain.evaluate import evaluate, evaluate_rivals, time_files
from tasks.retrain.judge import judge
from tasks.retrain.manifest import release_id, summary
from tasks.retrain.prepare import draft, prepare
from tasks.retrain.publish import publish, refused_report, settle, show
from tasks.retrain.train import train
from tasks.state.alert_rules import of_retrain
from tasks.state.alerts import nothing_passed
from tasks.state.ledger import Ledger
from tasks.state.release import Release


@watched
def retrain(
    home: str | None = None, profile: str = "standard", recipe: str | None = None, reason: str = "by hand"
) -> dict[str, Any]:
    """Train the baseline, compress it into all variants, gate each and publish those that pass.

    Args:
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, else `data/`.
        profile: How thorough: one of the settings' profiles. Defaults to `standard`.
        recipe: Train by another recipe than the profile's. Defaults to `None`.
        reason: Why it runs, for the release's manifest. Defaults to `by hand`.

    Returns:
        The JSON of `shelfcast retrain`; its `release` is null if nothing passed.
    """
    start, settings, place = time.monotonic(), load(), home_at(home)
    plan, devices = settings.profile(profile, recipe), stores_listed().devices
    recipe_used, parts = RECIPES[plan.recipe], (settings.days, settings.history, settings.calendar, settings.mape)
    candidate = draft(place, plan.recipe, recipe_used, plan.runs, plan.variants, *parts)
    release = Release(place.releases / release_id(candidate, settings.gate))
    if release.folder.exists():
        settle(place, candidate, release)
        tell(place, of_retrain(Ledger.of(place), None), settings.alert_urls)
        return summary(release.manifest, True, release.report, time.monotonic() - start)
    cluster.require_usable(settings.workers, place)
    prepare(place, candidate)
    build_variants.with_options(task_runner=cluster.task_runner(settings.workers))(candidate)
    time_files(candidate)
    evaluate_rivals(place, candidate, rivals(place, candidate.last_day, datetime.now(UTC)))
    verdicts = judge(candidate, settings.gate, devices, date.today())
    manifest = publish(place, candidate, verdicts, settings.gate, profile, reason, devices, settings.costs)
    show(manifest)
    published = release.folder.exists()
    refused = None if published else nothing_passed(manifest)
    tell(place, of_retrain(Ledger.of(place), refused), settings.alert_urls)
    report = release.report if published else refused_report(candidate)
    return summary(manifest, published, report, time.monotonic() - start)


@flow
def build_variants(candidate: Candidate) -> None:
    """Write every variant's weights, files and scores into the candidate's folder; what is there stays."""
    built: dict[str, Any] = {}
    for variant in candidate.variants:
        step, parent = (train, ()) if variant.from_scratch else (compress, (built[str(variant.parent)],))
        built[variant.name] = step.submit(candidate, variant, *parent)
    for evaluated in [evaluate.submit(candidate, variant) for variant in built.values()]:
        evaluated.result()
