"""The JSON of commands that run no flow."""

from pydantic import Field

from tasks.forecasting.gate.limits import Limits
from tasks.state.overrides import OverrideRecord
from tasks.state.record import Document, Number, Record
from tasks.state.variant_record import VerdictOutcome, VerdictRecord


class VerdictAgain(VerdictRecord):
    """A verdict by other limits, beside the one that was given."""

    name: str
    before: VerdictOutcome | None = Field(description="the verdict that the release has")
    mape: Number = Field(description="MAPE of the file that ships, in percent")


class JudgeResult(Document):
    """The JSON of `shelfcast judge`."""

    release: str
    policy: str = Field(description="hash of the MAPE policy that the errors were measured under")
    limits: Limits
    variants: tuple[VerdictAgain, ...]

    @property
    def passed(self) -> bool:
        """Whether any variant would pass."""
        return any(variant.verdict == "pass" for variant in self.variants)


class ReleaseRecord(Record):
    """A release in a list of them."""

    release: str
    created: str = Field(description="ISO time, UTC")
    reason: str = Field(description="why the retrain ran")
    recipe: str
    snapshot: int = Field(description="version of the sales table")
    passed: tuple[str, ...] = Field(description="variants that the gate passed")
    refused: tuple[str, ...] = Field(description="variants that the gate did not pass")
    stores: int = Field(description="number of stores that run it")


class RefusedCandidate(Record):
    """A candidate that the gate passed no variant of."""

    release: str = Field(description="the id that it would have had as a release")
    created: str = Field(description="ISO time, UTC")
    reason: str = Field(description="why the retrain ran")


class ReleasesResult(Document):
    """The JSON of `shelfcast releases`."""

    releases: tuple[ReleaseRecord, ...] = Field(description="the newest first")
    refused_candidates: tuple[RefusedCandidate, ...] = Field(description="the newest first")
    overrides: tuple[OverrideRecord, ...] = Field(description="what people released against the gate or a freeze")


class ReportResult(Document):
    """The JSON of `shelfcast report`."""

    release: str
    report: str = Field(description="path of the HTML report")


class SampleResult(Document):
    """The JSON of `shelfcast sample`."""

    path: str
    rows: int
    noise_floor: Number = Field(None, description="MAPE in percent of the true mean; null unless asked for")
    noise_floor_holdout: Number = Field(None, description="MAPE in percent of the true mean on the holdout")


class ErrorResult(Document):
    """The JSON of any command that fails."""

    error: str = Field(description="what is wrong, in one line")
