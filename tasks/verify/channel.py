"""The channel of a home: each store's files against the ledger and the release that it runs."""

from collections.abc import Iterator
from pathlib import Path

from tasks.report.text import listed
from tasks.state.channel import Channel, parcel
from tasks.state.ledger import Champion, Ledger
from tasks.state.release import DamagedRelease, NoSuchRelease
from tasks.state.releases import Releases
from tasks.verify.result import Finding

DELIVER = "`shelfcast verify --repair`, or the next `shelfcast promote`, writes it again"
KEPT = "stores keep their copies until the release is restored, or another one is promoted"
LOST = "the ledger lost decisions: restore `ledger/` from a backup; or promote a release to the store again"


def check_channel(channel: Channel, known: Releases, decided: Ledger, repair: bool) -> Iterator[Finding | Path]:
    """Compare what every store reads with what the ledger says.

    Args:
        channel: The channel.
        known: The releases.
        decided: The ledger.
        repair: Whether to write files again that are missing or not as they must be.

    Yields:
        Each file that is as it must be, and what is wrong.
    """
    expected, told, unknown = set[Path](), set[Path](), dict[Champion, list[str]]()
    for store, champion in decided.running().items():
        expected.add(channel.assignment(store))
        try:
            sent = parcel(known.release(champion.release), champion.variant, store)
        except (DamagedRelease, NoSuchRelease):
            unknown.setdefault(champion, []).append(store)
            continue
        wrong = list(channel.differs(sent))
        if repair:
            channel.put(sent)
        for path in wrong:
            if path not in told:  # stores share models
                yield _finding(channel, path, "it is missing or not as it was decided", DELIVER, repaired=repair)
        told |= set(wrong)
        if not wrong:
            yield channel.assignment(store)
    for champion, stores in unknown.items():
        what = f"{champion.variant} of {champion.release}, run by store {listed(stores)}, is damaged or missing"
        yield _finding(channel, channel.root / "stores", what, KEPT, repaired=False)
    for path in sorted((channel.root / "stores").glob("*.json")):
        if path not in expected:
            yield _finding(channel, path, "it assigns a model to a store that runs none by the ledger", LOST, False)


def _finding(channel: Channel, path: Path, what: str, remedy: str, repaired: bool) -> Finding:
    below = path.relative_to(channel.root.parent).as_posix()
    return Finding(part="channel", path=below, what=what, remedy=remedy, repaired=repaired)
