"""Step: the gate's verdict on each variant, from the scores of the file that would ship."""

import logging
import math
from typing import Any

from prefect import task

from tasks.candidate import Candidate
from tasks.forecasting.gate import Evidence, Limits, Verdict
from tasks.forecasting.gate import judge as verdict_on

log = logging.getLogger("shelfcast.judge")

SHIPPED = 0
"""The run whose file ships: the first, not the best, since choosing on the holdout would flatter it."""


@task
def judge(candidate: Candidate, champion_mape: float | None, limits: Limits) -> list[Verdict]:
    """A verdict for each variant, in the candidate's order."""
    shipped = {variant.name: candidate.scores(variant.name)[SHIPPED] for variant in candidate.variants}
    prepared = candidate.prepared
    reference = _number(prepared["references"][0]["mape"])
    verdicts = []
    for variant in candidate.variants:
        score = shipped[variant.name]
        evidence = Evidence(
            variant.name,
            mape=_number(score.get("mape")),
            days=prepared["holdout"]["days"],
            baseline_mape=_number(shipped[candidate.variants[0].name].get("mape")),
            reference_mape=reference,
            champion_mape=champion_mape,
            fault=score["fault"],
            file_bytes=score.get("file_bytes", 0),
            transfer_bytes=score.get("transfer_bytes", 0),
            parent=_parent(variant.parent, shipped),
        )
        verdicts.append(verdict_on(evidence, limits))
        log.info("%s: %s%s", variant.name, verdicts[-1].outcome, "".join(f"; {why}" for why in verdicts[-1].reasons))
    return verdicts


def _parent(name: str | None, shipped: dict[str, dict[str, Any]]) -> tuple[str, int, int] | None:
    if name is None:
        return None
    return name, shipped[name].get("file_bytes", 0), shipped[name].get("transfer_bytes", 0)


def _number(value: float | None) -> float:
    return math.nan if value is None else value
