"""Errors of a candidate's files by group, for `scores.parquet` and for the report."""

import io
from collections.abc import Sequence

import pyarrow
import pyarrow.parquet

from tasks.report.breakdown import REFERENCE, ScoreRow
from tasks.retrain.candidate import SHIPPED, Candidate
from tasks.state import parquet


def breakdown(candidate: Candidate, variants: Sequence[str] | None = None) -> list[ScoreRow]:
    """Errors of every shipped file and of the reference forecast, overall and by group.

    Args:
        candidate: The retrain, whose variants are built and scored.
        variants: Names of the variants. Defaults to `None`, all.
    """
    names = [variant.name for variant in candidate.spec.variants] if variants is None else variants
    forecasts = {REFERENCE: candidate.reference} | {
        name: candidate.forecast(name, SHIPPED)
        for name in names
        if candidate.path(name, SHIPPED, "forecast.npy").exists()
    }
    return [
        ScoreRow(name, by, group, accuracy, candidate.spec.policy.hash)
        for name, forecast in forecasts.items()
        for by, groups in (
            {"": {"": candidate.evaluation.accuracy(forecast)}} | candidate.evaluation.by(forecast)
        ).items()
        for group, accuracy in groups.items()
    ]


def scores(candidate: Candidate) -> bytes:
    """The breakdown of all variants, as a Parquet file."""
    buffer = io.BytesIO()
    rows = [
        {"forecaster": row.forecaster, "by": row.by, "group": row.group, **vars(row.errors), "policy": row.policy}
        for row in breakdown(candidate)
    ]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), buffer, **parquet.WRITTEN)
    return buffer.getvalue()
