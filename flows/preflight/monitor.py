"""What `monitor` is asked for, checked; without Prefect, so that a mistake shows at once."""

from dataclasses import dataclass
from datetime import date

from flows.preflight.request import Request, RequestError
from flows.settings import home_at, load
from tasks.state import sales_table


@dataclass(frozen=True)
class MonitorRequest(Request):
    """Sales to score stores' models on.

    Attributes:
        as_of: The last day to look at.
    """

    as_of: date


def monitor_request(home: str | None, as_of: str | None) -> MonitorRequest:
    """The scoring that is asked for, if it can be.

    The arguments are those of the flow.

    Raises:
        RequestError: If `as_of` is not a day.
        NoSales: If nothing was ingested yet.
        SettingsError: If the settings cannot be used.
    """
    settings, place = load(), home_at(home)
    latest = sales_table.latest(place)[1]
    try:
        return MonitorRequest(place, settings, date.fromisoformat(as_of) if as_of else latest)
    except ValueError:
        raise RequestError(f"is the last day to look at, YYYY-MM-DD. Received: {as_of}", "as_of") from None
