"""Step: the gate's verdict on each variant, from the scores of the file that would ship."""

import logging
from collections.abc import Mapping
from datetime import date

import numpy as np
from prefect import task

from tasks.forecasting.gate.evidence import CHAMPION, INCUMBENT, REFERENCE, Evidence, File, Forecast
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.verdict import Verdict
from tasks.forecasting.gate.verdict import judge as verdicts_on
from tasks.forecasting.model.variants.plan import Variant
from tasks.forecasting.rollout.devices import DeviceClass, VariantFacts, misfit
from tasks.report.sentences import checks, choice
from tasks.retrain.candidate import COMPARATORS, SHIPPED, Candidate, RunScore
from tasks.state.atomic import write_file
from tasks.state.record import or_nan

log = logging.getLogger("shelfcast.judge")


@task
def judge(candidate: Candidate, limits: Limits, devices: Mapping[str, DeviceClass], today: date) -> list[Verdict]:
    """A verdict for each variant, in the candidate's order; the evidence stays in the candidate's folder."""
    evidence = _evidence(candidate, devices, today)
    write_file(candidate.folder / "evidence.npz", evidence.to_bytes())
    verdicts = verdicts_on(evidence, limits)
    for verdict in verdicts:
        log.info("%s: %s", verdict.variant, "; ".join([verdict.outcome, *checks.reasons(verdict.checks)]))
    return verdicts


def _evidence(candidate: Candidate, devices: Mapping[str, DeviceClass], today: date) -> Evidence:
    forecasts = {REFERENCE: Forecast(candidate.prepared.references[0].name, candidate.reference)}
    forecasts |= _comparators(candidate)
    for variant in candidate.spec.variants:
        if candidate.shipped(variant.name).fault is None:
            forecasts[variant.name] = Forecast(variant.name, candidate.forecast(variant.name, SHIPPED))
    files = [_file(candidate, variant, devices) for variant in candidate.spec.variants]
    return Evidence.of(candidate.evaluation, files, forecasts, (today - candidate.last_day).days)


def _comparators(candidate: Candidate) -> dict[str, Forecast]:
    """What variants are compared with, and what each store would keep: its champion, else the reference forecast."""
    compared = {
        each.name: Forecast(each.label, np.load(candidate.comparator(each.name)), each.stores)
        for each in COMPARATORS.validate_json((candidate.folder / "rivals.json").read_bytes())
    }
    units, label = candidate.reference.copy(), "the reference forecast"
    if champion := compared.get(CHAMPION):
        holdout = candidate.holdout
        runs = np.isin(holdout.panel.stores[holdout.series], list(champion.stores or ()))
        units[runs] = champion.units[runs]
        label = "what runs there" if runs.all() else "what runs there, else the reference forecast"
    return compared | {INCUMBENT: Forecast(label, units)}


def _file(candidate: Candidate, variant: Variant, devices: Mapping[str, DeviceClass]) -> File:
    shipped, latency = candidate.shipped(variant.name), candidate.latency(variant.name).latency_us
    return File(
        variant.name,
        variant.parent,
        shipped.fault,
        shipped.file_bytes or 0,
        shipped.transfer_bytes or 0,
        tuple(or_nan(score.mape) for score in candidate.scores(variant.name)),
        {name: _misfit(variant.name, shipped, latency, device) for name, device in devices.items()},
    )


def _misfit(name: str, shipped: RunScore, latency: float | None, device: DeviceClass) -> str | None:
    if shipped.fault is not None:
        return "was not measured"
    sizes = (shipped.file_bytes or 0, shipped.transfer_bytes or 0, shipped.ram_bytes or 0)
    return choice.misfit(misfit(VariantFacts(name, True, *sizes, latency), device))
