"""What must be proven before a decision is recorded."""

from collections.abc import Mapping

from tasks.state.channel import parcel
from tasks.state.home import Home
from tasks.state.ledger import Champion
from tasks.state.releases import Releases


def require_deliverable(home: Home, wanted: Mapping[str, Champion]) -> None:
    """Check all that a decision needs before it is recorded: every byte that the stores would be sent.

    Raises:
        DamagedRelease: If one of it is missing or is not what was published.
    """
    known = Releases.of(home)
    for store, champion in wanted.items():
        parcel(known.release(champion.release), champion.variant, store)
