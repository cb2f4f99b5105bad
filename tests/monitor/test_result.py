"""The JSON of a monitor run: undefined errors are null, alerts are what changed, and ids are all that are open."""

import json
import math
from datetime import UTC, date, datetime

from tasks.forecasting.rollout.drift import Live
from tasks.monitor.result import StoreScore, monitored
from tasks.state.alerts import Alert, Changes, OpenAlert

DRIFT = Alert("drift-1", "drift", "warning", "store.1", "open", "4 pp", release="r", variant="lstm-16")
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_it_says_what_is_known_of_each_store_and_what_changed() -> None:
    scored = [
        StoreScore("1", "r", "lstm-16", Live(16.0, 15.0, 11.0, 28)),
        StoreScore("2", "r", "lstm-16", Live(math.nan, math.nan, 11.0, 0)),
    ]
    old = OpenAlert(Alert("run-failed-tidy", "run-failed", "critical", "flow.tidy", "open", "disk full"), NOW)
    result = json.loads(monitored(date(2026, 11, 23), scored, [old], Changes((DRIFT,))).model_dump_json())
    assert set(result) == {"schema_version", "as_of", "stores", "alerts", "open_alerts"}
    assert (result["as_of"], result["open_alerts"]) == ("2026-11-23", ["drift-1", "run-failed-tidy"])
    known = {"store": "1", "release": "r", "variant": "lstm-16", "mape": 15.0, "mape_7": 16.0}
    assert result["stores"][0] == known | {"gated_mape": 11.0, "drift_pp": 4.0, "days": 28}
    assert result["stores"][1]["mape"] is result["stores"][1]["mape_7"] is result["stores"][1]["drift_pp"] is None
    (alert,) = result["alerts"]
    assert {"id", "kind", "severity", "subject", "state", "message", "link"} <= set(alert)
