"""A release on its way to stores, and all that decides which store gets which variant of it."""

from dataclasses import dataclass
from datetime import date

from tasks.forecasting.rollout.costs import CostModel
from tasks.forecasting.rollout.waves import Progress, RolloutPolicy, StoreList
from tasks.promote.entries import taken
from tasks.state import scores
from tasks.state.alerts import open_alerts
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

    @property
    def progress(self) -> Progress:
        """How far the release has spread, by the ledger and the scores."""
        name = self.release.id
        running = {store for store, champion in self.ledger.running().items() if champion.release == name}
        rolled_back = {entry.subject for entry in self.ledger.entries("rollback") if taken(entry).release == name}
        drift = [each.alert for each in open_alerts(self.ledger, "drift") if each.alert.release == name]
        return Progress(
            frozenset(running),
            frozenset(rolled_back - running),
            frozenset(str(alert.store) for alert in drift),
            scores.days(self.home, name),
        )
