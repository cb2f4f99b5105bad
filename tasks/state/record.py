"""A record as JSON: every undefined number is null."""

import json
import math
from typing import Any

import numpy as np


def to_json(record: Any) -> bytes:
    """JSON text of a record, as it is kept in files."""
    return (json.dumps(defined(record), indent=1, allow_nan=False) + "\n").encode()


def defined(value: Any) -> Any:
    """The same with plain numbers, lists and text keys, and nothing in place of NaN and infinity."""
    if isinstance(value, dict):
        return {str(key): defined(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [defined(each) for each in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
