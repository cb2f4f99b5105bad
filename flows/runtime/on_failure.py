"""What every flow does when its run fails: say so."""

from typing import Any

from prefect import Flow, State
from prefect.client.schemas.objects import FlowRun

from flows.settings import SettingsError, load
from tasks.notify import send
from tasks.state.alerts import Alert


def run_failed(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """A state hook: raise the alert `run-failed`."""
    try:
        urls = load().alert_urls
    except SettingsError:
        urls = ()
    message = f"the {flow.name} run {flow_run.name} failed: {state.message}"
    send.fn([Alert(f"run-failed-{flow_run.id}", "run-failed", "critical", f"flow.{flow.name}", "open", message)], urls)
