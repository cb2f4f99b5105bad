"""What every flow does when its run fails: say so."""

from typing import Any

from flows.settings import SettingsError, load
from tasks.alert import Alert, send


def run_failed(flow: Any, run: Any, state: Any) -> None:
    """A state hook: raise the alert `run-failed`."""
    try:
        urls = load().alert_urls
    except SettingsError:
        urls = ()
    message = f"the {flow.name} run {run.name} failed: {state.message}"
    send.fn([Alert(f"run-failed-{run.id}", "run-failed", "critical", f"flow.{flow.name}", "open", message)], urls)
