"""The MAPE policy: which days count in which errors, and on which days a store was closed."""

import json
from hashlib import sha256
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from tasks.forecasting.data.panel import Panel

OPEN = 10.0
"""Units a day from which on a store is taken to be closed on days without any sale."""


class DifferentPolicies(ValueError):
    """Scores under different policies do not compare."""


class MapePolicy(BaseModel):
    """The MAPE policy: which days count. Its hash is part of every score."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    zero_days: Literal["leave out", "as one unit"] = Field(
        "leave out", description="what MAPE makes of days without a sale; `as one unit`: errors are divided by 1"
    )
    returns: Literal["leave out", "as no sales"] = Field(
        "leave out", description="what becomes of days with more returns than sales, in every error"
    )
    closed_days: Literal["leave out", "count"] = Field(
        "leave out",
        description=f"what becomes of days on which a store that sells {OPEN:g} units a day sells nothing, in every "
        "error",
    )
    min_volume: float = Field(
        0.0, ge=0, le=1e9, description="units a day that a series must have sold before the holdout to count in MAPE"
    )
    min_coverage: float = Field(
        25.0, ge=0, le=100, description="share of the days that MAPE must cover, in percent, else it is undefined"
    )

    @property
    def hash(self) -> str:
        """Name of the policy, 12 hexadecimal digits."""
        return sha256(json.dumps(self.model_dump(), sort_keys=True).encode()).hexdigest()[:12]


def require_same_policy(measured: str, now: str, what: str) -> None:
    """Refuse to compare scores that were not measured alike.

    Args:
        measured: Hash of the policy that something was measured under.
        now: Hash of the policy that it is to be compared under.
        what: What was measured, for the message.

    Raises:
        DifferentPolicies: If the hashes differ.
    """
    if measured != now:
        raise DifferentPolicies(
            f"{what} was measured under MAPE policy {measured}, the settings' [mape] is {now}: their scores do not "
            "compare. Retrain, or set [mape] back"
        )


def closed(panel: Panel) -> NDArray[np.bool_]:
    """Days on which a store that sells `OPEN` units a day or more sells none, shape of `panel.sales`.

    A store that sells 0, 40, 0 and 40 units on four days sells 20 a day, so it was closed on two of them. One that
    sells 0, 4, 0 and 4 units sells 2 a day and was open: nobody came.
    """
    stores, row = np.unique(panel.stores, return_inverse=True)
    total = np.array([np.nansum(panel.sales[row == store], axis=0, dtype=float) for store in range(len(stores))])
    return ((total <= 0) & (total.mean(axis=1, keepdims=True) >= OPEN))[row]
