"""What a run of the monitor found: the JSON of `shelfcast monitor`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from tasks.forecasting.rollout.drift import Live
from tasks.state.alerts import Alert, Changes, OpenAlert, still_open
from tasks.state.record import Document, Number, Record


@dataclass(frozen=True)
class StoreScore:
    """The live accuracy of a store's model.

    Attributes:
        store: The store's code.
        release: The release that the store runs.
        variant: The variant of that release.
        live: The model's errors.
        fault: Why the model cannot be scored. Defaults to `None`, where it can.
    """

    store: str
    release: str
    variant: str
    live: Live
    fault: str | None = None


class LiveAccuracy(Record):
    """How accurate a store's model is lately; errors are MAPE in percent, `None` where undefined.

    Attributes:
        store: The store's code.
        release: The release that the store runs.
        variant: The variant of that release.
        mape: Over the days that the drift policy looks back over.
        mape_7: Over the last 7 days.
        gated_mape: When the release was gated, for this store.
        drift_pp: `mape` minus `gated_mape`, in percentage points.
        days: Scored days that `mape` is over.
    """

    store: str
    release: str
    variant: str
    mape: Number
    mape_7: Number
    gated_mape: Number
    drift_pp: Number
    days: int


class MonitorResult(Document):
    """The JSON of a monitor run.

    Attributes:
        as_of: The last day that was looked at.
        stores: The accuracy of each store that runs a model.
        alerts: Alerts that this run opened or resolved.
        open_alerts: Ids of all alerts that are open now.
    """

    as_of: date
    stores: tuple[LiveAccuracy, ...]
    alerts: tuple[Alert, ...]
    open_alerts: tuple[str, ...]


def monitored(
    as_of: date, scored: Sequence[StoreScore], before: Iterable[OpenAlert], changes: Changes
) -> MonitorResult:
    """The JSON of a run.

    Args:
        as_of: The last day that was looked at.
        scored: What was scored.
        before: Alerts that were open before the run.
        changes: What the run changed.
    """
    return MonitorResult(
        as_of=as_of,
        stores=tuple(_live(each) for each in scored),
        alerts=changes.news,
        open_alerts=tuple(still_open(before, changes)),
    )


def _live(scored: StoreScore) -> LiveAccuracy:
    return LiveAccuracy(
        store=scored.store,
        release=scored.release,
        variant=scored.variant,
        mape=scored.live.mape_28,
        mape_7=scored.live.mape_7,
        gated_mape=scored.live.gated_mape,
        drift_pp=scored.live.drift_pp,
        days=scored.live.days,
    )
