"""The variants of a candidate, built and measured, each after its parent, wherever the task runner hands them."""

from typing import Any

from prefect import flow

from tasks.candidate import Candidate
from tasks.compress import compress
from tasks.evaluate import evaluate
from tasks.train import train


@flow
def build_variants(candidate: Candidate) -> None:
    """Write every variant's weights, files and scores into the candidate's folder; what is there stays."""
    built: dict[str, Any] = {}
    for variant in candidate.variants:
        step, parent = (train, ()) if variant.from_scratch else (compress, (built[str(variant.parent)],))
        built[variant.name] = step.submit(candidate, variant, *parent)
    for evaluated in [evaluate.submit(candidate, variant) for variant in built.values()]:
        evaluated.result()
