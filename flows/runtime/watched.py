"""Flows whose failure is an alert, and which do for a deployment only what its settings allow.

The alert opens when a run fails, and is resolved when a later one completes.
"""

import logging
from collections.abc import Callable
from functools import partial, wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

from prefect import Flow, State, flow
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext

from flows.runtime import environment
from flows.runtime.deployed import require_allowed, require_public
from flows.settings import home_at, load
from flows.settings_errors import SettingsError, is_misuse
from tasks.notify import note, send_at_once, send_waiting
from tasks.state.alert_rules import of_completed_run, of_failed_run
from tasks.state.home import Home

log = logging.getLogger("shelfcast.alert")

P = ParamSpec("P")
R = TypeVar("R")


def watched(function: Callable[P, R]) -> Flow[P, R]:
    """Make a function a flow of the same name that raises the alert `run-failed` where its run fails or crashes."""
    environment.prepare()

    @wraps(function)
    def allowed(*args: P.args, **kwargs: P.kwargs) -> R:
        _require_allowed(signature(function).bind(*args, **kwargs).arguments)
        return function(*args, **kwargs)

    return flow(on_failure=[run_failed], on_crashed=[run_failed], on_completion=[run_completed])(allowed)


def _require_allowed(parameters: dict[str, Any]) -> None:
    """A run that a person starts here is the person's own; only the server must not learn secrets from it."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if run:
        require_public(run.parameters.get("sources") or ())
    if run and run.deployment_id:
        require_allowed(parameters)


def run_failed(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """A state hook: raise the alert `run-failed`, unless a person who started the run is told that the input is wrong.

    It is sent even where it cannot be recorded, since a full disk may be why the run failed.
    """
    if not flow_run.deployment_id and is_misuse(state.result(raise_on_failure=False)):
        return
    changes = of_failed_run(flow.name, f"the {flow.name} run {flow_run.name} failed: {state.message}")
    try:
        home = _home(flow_run)
        recorded = home.root.is_dir()
        note(home, lambda _: changes, _urls())
        send_waiting(home, _urls())
    except Exception as error:
        log.error("the alert could not be recorded: %s", error)
        recorded = False
    if not recorded:
        send_at_once(changes, _urls())


def run_completed(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ARG001  # Prefect's
    """A state hook: resolve the alert that earlier runs of the flow failed, and send all news that waits."""
    home = _home(flow_run)
    note(home, partial(of_completed_run, flow=flow.name), _urls())
    send_waiting(home, _urls())


def _home(flow_run: FlowRun) -> Home:
    """The home that a run works on: for a deployment the worker's own, whatever the run was asked for."""
    return home_at(None if flow_run.deployment_id else flow_run.parameters.get("home"))


def _urls() -> tuple[str, ...]:
    """Where alerts are sent; nowhere if the settings cannot be read, which may be why the run failed."""
    try:
        return load().alert_urls
    except SettingsError:
        return ()
