"""The JSON of commands that run no flow."""

from datetime import date

from pydantic import Field

from tasks.forecasting.gate.limits import Limits
from tasks.state.alerts import Kind, Severity
from tasks.state.overrides import OverrideRecord
from tasks.state.record import Document, Number, Record
from tasks.state.variant_record import VerdictOutcome, VerdictRecord


class StoreStatus(Record):
    """What a store runs, and how accurate it is lately; errors are MAPE in percent, `None` where undefined.

    Attributes:
        store: The store's code.
        release: The release that the store runs.
        variant: The variant of that release.
        gated_mape: MAPE for this store at which the release was gated.
        mape: MAPE over the days that the drift policy looks back over.
        drift_pp: `mape` minus `gated_mape`, in percentage points.
        days: Scored days that `mape` is over.
        previous: The release that a rollback would bring back; `None` where there is none.
    """

    store: str
    release: str
    variant: str
    gated_mape: Number
    mape: Number
    drift_pp: Number
    days: int
    previous: str | None


class AlertStatus(Record):
    """An open alert.

    Attributes:
        id: The alert's id.
        message: What is wrong and what to do, with the figures of the latest run that looked.
        since: When the alert was raised, ISO time in UTC.
        kind: What is wrong.
        severity: `critical` if it stops something, else `warning`.
        subject: What the alert is about, such as `store.3`.
        link: Address of a page that says more; `None` without one.
    """

    id: str
    message: str
    since: str
    kind: Kind
    severity: Severity
    subject: str
    link: str | None


class StatusResult(Document):
    """The JSON of `shelfcast status`.

    Attributes:
        home: Folder of all state.
        snapshot: Version of the sales table; `None` before the first ingest.
        last_day: The last day with sales; `None` before the first ingest.
        newest_release: Id of the newest release; `None` where there is none.
        stores: What each store runs, in the order of their codes.
        alerts: Open alerts, the oldest first.
        overrides: Overrides that are active today.
        quarantine: Rows in quarantine by reason.
    """

    home: str
    snapshot: int | None
    last_day: date | None
    newest_release: str | None
    stores: tuple[StoreStatus, ...]
    alerts: tuple[AlertStatus, ...]
    overrides: tuple[OverrideRecord, ...]
    quarantine: dict[str, int]


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


class ReportResult(Document):
    """The JSON of `shelfcast report`."""

    release: str
    report: str = Field(description="path of the HTML report")


class ErrorResult(Document):
    """The JSON of any command that fails."""

    error: str = Field(description="what is wrong, in one line")
