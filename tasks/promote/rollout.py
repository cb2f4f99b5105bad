"""A release on its way to stores, and all that decides which store gets which variant of it."""

from dataclasses import dataclass
from datetime import date

from tasks.forecasting.rollout.selection import CostModel
from tasks.forecasting.rollout.waves import RolloutPolicy, StoreList
from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tasks.state.release import Release


@dataclass(frozen=True)
class Rollout:
    """A release, the stores that it may reach, and the rules for that.

    Attributes:
        home: Where the release and the channel are.
        release: The release to promote.
        stores: All stores with sales.
        listed: Stores and device classes of the installation.
        policy: How fast the release spreads, and when it may not.
        costs: What a variant costs a store.
        ledger: What was decided before.
        today: The day on which this is decided.
    """

    home: Home
    release: Release
    stores: tuple[str, ...]
    listed: StoreList
    policy: RolloutPolicy
    costs: CostModel
    ledger: Ledger
    today: date
