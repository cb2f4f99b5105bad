"""The environment that flows run in: telemetry is off, and Prefect's embedded server may start slowly."""

import logging
import os
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


def _update_prefect() -> None:
    from prefect.context import refresh_global_settings_context
    from prefect.settings import PREFECT_LOGGING_EXTRA_LOGGERS

    refresh_global_settings_context()
    ours = logging.getLogger("shelfcast")
    if "shelfcast" in PREFECT_LOGGING_EXTRA_LOGGERS.value():
        for handler in logging.getLogger("prefect.extra").handlers:
            ours.addHandler(handler)  # once, however often it is added
