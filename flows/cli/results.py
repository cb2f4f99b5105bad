"""The JSON of commands that run no flow."""

from datetime import date
from typing import Literal

from pydantic import Field

from tasks.forecasting.gate.limits import Limits
from tasks.state.alerts import Kind, Severity
from tasks.state.overrides import OverrideRecord
from tasks.state.record import Document, Number, Record
from tasks.state.variant_record import VerdictOutcome, VerdictRecord


class StoreStatus(Record):
    """What a store runs, and how accurate it is lately; errors are MAPE in percent, `None` where undefined."""

    store: str
    release: str = Field(description="the release that the store runs")
    variant: str = Field(description="the variant of that release")
    gated_mape: Number = Field(description="MAPE for this store at which the release was gated")
    mape: Number = Field(description="MAPE over the days that the drift policy looks back over")
    drift_pp: Number = Field(description="`mape` minus `gated_mape`, in percentage points")
    days: int = Field(description="scored days that `mape` is over")
    previous: str | None = Field(description="the release that a rollback would bring back; null where there is none")


class AlertStatus(Record):
    """An open alert."""

    id: str
    message: str = Field(description="what is wrong and what to do, with the figures of the latest run that looked")
    since: str = Field(description="when the alert was raised, ISO time in UTC")
    kind: Kind
    severity: Severity = Field(description="`critical` if it stops something, else `warning`")
    subject: str = Field(description="what the alert is about, such as `store.3`")
    link: str | None = Field(description="address of a page that says more; null without one")


class DamagedRecord(Record):
    """A release that cannot be used."""

    release: str
    reason: str = Field(description="which of its files is wrong, and what to do")


class UnsentAlert(Record):
    """News about an alert that somebody is still to be told; the next run tries again."""

    id: str
    state: Literal["open", "resolved"]
    message: str
    since: str = Field(description="when it was to be told first, ISO time in UTC")


class StatusResult(Document):
    """The JSON of `shelfcast status`."""

    home: str = Field(description="folder of all state")
    snapshot: int | None = Field(description="version of the sales table; null before the first ingest")
    last_day: date | None = Field(description="the last day with sales; null before the first ingest")
    newest_release: str | None = Field(description="id of the newest release; null where there is none")
    stores: tuple[StoreStatus, ...] = Field(description="what each store runs, in the order of their codes")
    alerts: tuple[AlertStatus, ...] = Field(description="open alerts, the oldest first")
    overrides: tuple[OverrideRecord, ...] = Field(description="overrides that are active today")
    quarantine: dict[str, int] = Field(description="rows in quarantine by reason")
    damaged: tuple[DamagedRecord, ...] = Field((), description="releases that are passed over")
    unsent: tuple[UnsentAlert, ...] = Field((), description="news that could not be sent yet, the oldest first")
    unreadable: tuple[str, ...] = Field((), description="tables that cannot be read, whose figures are left out")


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
    """A candidate of which the gate passed no variant."""

    release: str = Field(description="the id that it would have had as a release")
    created: str = Field(description="ISO time, UTC")
    reason: str = Field(description="why the retrain ran")


class ReleasesResult(Document):
    """The JSON of `shelfcast releases`."""

    releases: tuple[ReleaseRecord, ...] = Field(description="the newest first")
    refused_candidates: tuple[RefusedCandidate, ...] = Field(description="the newest first")
    overrides: tuple[OverrideRecord, ...] = Field(description="what people released against the gate or a freeze")
    damaged: tuple[DamagedRecord, ...] = Field((), description="releases that are passed over")


class ReportResult(Document):
    """The JSON of `shelfcast report`."""

    release: str
    report: str = Field(description="path of the HTML report")


class ErrorResult(Document):
    """The JSON of any command that fails."""

    error: str = Field(description="what is wrong, in one line")
