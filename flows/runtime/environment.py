"""The environment that flows run in: telemetry is off, Prefect's embedded server is closed and may start slowly."""

import logging
import os
import secrets
import sys
from functools import cache

from flows.runtime.log_lines import keep_plain

DEFAULTS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",  # DO_NOT_TRACK alone does not silence the server of Prefect 3.9.1
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300",  # 20 in Prefect 3.9.1; a first start can take longer
    "PREFECT_LOGGING_EXTRA_LOGGERS": "shelfcast",
}
"""Variables that are set unless the user has set them."""


@cache
def prepare() -> None:
    """Set what the user has not set, and have Prefect keep our log lines with their run.

    Best called before Prefect is imported, as the command line does. A worker imports Prefect first and the flow
    afterwards: then Prefect is made to read its settings again.
    """
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    keep_plain()
    logging.getLogger("shelfcast").setLevel(logging.INFO)
    if "prefect" in sys.modules:
        _update_prefect()


def close_embedded_server() -> None:
    """Close the server that Prefect embeds in a command to web pages, and to whoever has not this command's secret.

    What strangers put into its database, `serve` would run. A server that the user has set is as the user wants it.
    """
    from prefect.settings import get_current_settings

    if get_current_settings().api.url:
        return
    secret = new_secret()
    os.environ["PREFECT_SERVER_API_AUTH_STRING"] = os.environ["PREFECT_API_AUTH_STRING"] = secret
    os.environ["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] = "http://127.0.0.1"
    _update_prefect()


def new_secret() -> str:
    """A new random secret in the form that Prefect asks for, `user:password`."""
    return f"shelfcast:{secrets.token_urlsafe(32)}"


def _update_prefect() -> None:
    from prefect.context import refresh_global_settings_context
    from prefect.settings import PREFECT_LOGGING_EXTRA_LOGGERS

    refresh_global_settings_context()
    ours = logging.getLogger("shelfcast")
    if "shelfcast" in PREFECT_LOGGING_EXTRA_LOGGERS.value():
        for handler in logging.getLogger("prefect.extra").handlers:
            ours.addHandler(handler)  # once, however often it is added
