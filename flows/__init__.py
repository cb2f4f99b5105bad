"""Flows. Telemetry is off and a slow first start of Prefect's embedded server is allowed for, unless the user says otherwise."""

import os

for name, value in {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "shelfcast",
}.items():
    os.environ.setdefault(name, value)
