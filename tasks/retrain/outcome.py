"""The outcome of a retrain, a release or a refusal, and the JSON of `shelfcast retrain`."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from tasks.forecasting.rollout.costs import CostModel
from tasks.state.manifest import HoldoutRecord, Manifest, PolicyRecord, ReferenceRecord
from tasks.state.record import Document, Number
from tasks.state.variant_record import ChoiceRecord, VariantRecord


@dataclass(frozen=True)
class Outcome:
    """What became of a candidate.

    Attributes:
        manifest: Its manifest.
        report: Its HTML report.
        published: Whether it became a release; else the gate passed no variant.
    """

    manifest: Manifest
    report: Path
    published: bool


class RetrainResult(Document):
    """The JSON of `shelfcast retrain`."""

    release: str | None = Field(description="the release's id; null if no variant passed")
    candidate: str = Field(description="id of the release, or of the candidate that was refused")
    snapshot: int = Field(description="version of the sales table")
    seconds: float = Field(description="time that the retrain took")
    recipe: str
    profile: str
    naive_mape: Number = Field(description="MAPE in percent of the forecast without a network that the gate goes by")
    references: tuple[ReferenceRecord, ...]
    holdout: HoldoutRecord
    policy: PolicyRecord
    series_skipped: int = Field(description="number of series with too little history")
    variants: tuple[VariantRecord, ...]
    choices: tuple[ChoiceRecord, ...]
    costs: CostModel = Field(description="prices by which variants were chosen")
    report: str = Field(description="path of the HTML report")

    @classmethod
    def of(cls, outcome: Outcome, seconds: float) -> "RetrainResult":
        """The result of a retrain that took so many seconds."""
        manifest = outcome.manifest
        return cls(
            release=manifest.release if outcome.published else None,
            candidate=manifest.release,
            snapshot=manifest.snapshot.version,
            seconds=seconds,
            recipe=manifest.profile.recipe_name,
            profile=manifest.profile.name,
            naive_mape=manifest.references[0].mape,
            references=manifest.references,
            holdout=manifest.holdout,
            policy=manifest.policy,
            series_skipped=manifest.snapshot.skipped,
            variants=manifest.variants,
            choices=manifest.choices,
            costs=manifest.costs,
            report=str(outcome.report),
        )
