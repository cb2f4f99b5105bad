"""Flows. Unless the user says otherwise, telemetry is off and Prefect's embedded server may start slowly."""

import logging
import os

for name, value in {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",  # DO_NOT_TRACK alone does not silence the server of Prefect 3.9.1
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300",  # 20 in Prefect 3.9.1; a first start can take longer
    "PREFECT_LOGGING_EXTRA_LOGGERS": "shelfcast",
}.items():
    os.environ.setdefault(name, value)

logging.getLogger("shelfcast").setLevel(logging.INFO)  # Prefect keeps the steps' lines with their run
