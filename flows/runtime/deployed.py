"""What a run may be asked for that a deployment starts: whoever reaches the server must not lead it elsewhere."""

from collections.abc import Iterable, Mapping
from typing import Any

from flows.settings import home_at, load
from tasks.ingest.reading.remote import public
from tasks.ingest.reading.source import Source
from tasks.ingest.reading.source_file import protocol
from tasks.ingest.reading.sources import local_path
from tasks.state.home import Home


class NotAllowed(ValueError):
    """A run that was asked for what the settings do not allow it: the rule, what was received, what to do."""


def require_allowed(parameters: Mapping[str, Any]) -> None:
    """Check that a deployed run keeps to its worker's home, and to sources that settings name.

    Args:
        parameters: Those of the flow, by name.

    Raises:
        NotAllowed: If it names another home, or a source that is neither in `[sources]` nor below `landing/`.
        SettingsError: If the settings cannot be used.
    """
    own = home_at(None)
    given = home_at(parameters.get("home"))
    if given.root.resolve() != own.root.resolve():
        raise NotAllowed(
            f"home must be the worker's own, {own.root}, in deployed runs. Received: {given.root}. "
            "Set SHELFCAST_HOME where the worker starts, or run the command by hand"
        )
    for source in parameters.get("sources") or ():
        _require_known(source, own)


def _require_known(source: Source, home: Home) -> None:
    if source.root in load().sources or _below(home, source.root):
        return
    raise NotAllowed(
        f"sources must be names of the settings' [sources], or below {home.landing}, in deployed runs. "
        f"Received: {source}. Name it in [sources], or run `shelfcast ingest` by hand"
    )


def _below(home: Home, source: str) -> bool:
    return not protocol(source) and local_path(source).resolve().is_relative_to(home.landing.resolve())


def require_public(kept: Iterable[str]) -> None:
    """Check that what Prefect's server keeps of sources is no secret.

    Args:
        kept: Sources as the server has them.

    Raises:
        NotAllowed: If one has a user, a password or a query.
    """
    for source in kept:
        if source != (shown := public(source)):
            raise NotAllowed(
                "sources with a user, a password or a query must not be in Prefect's database as text. "
                f"Received: {shown}, with more. Change its secret, and name it in the settings' [sources]"
            )
