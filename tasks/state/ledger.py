"""The ledger: every decision, in the order it was made. Rows are only ever added."""

import getpass
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from tasks.state import delta
from tasks.state.atomic import write_file
from tasks.state.home import Home

Kind = Literal[
    "ingest", "replay", "release", "refusal", "override", "promotion", "rollback", "alert", "resolved", "sent"
]

SCHEMA = pa.schema(
    [
        pa.field("at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("subject", pa.string(), nullable=False),
        pa.field("release", pa.string()),
        pa.field("variant", pa.string()),
        pa.field("who", pa.string(), nullable=False),
        pa.field("why", pa.string(), nullable=False),
        pa.field("details", pa.string(), nullable=False),
    ]
)


class DamagedLedger(RuntimeError):
    """The ledger cannot be read, or lacks decisions that were recorded."""


@dataclass(frozen=True)
class Entry:
    """One decision.

    Attributes:
        kind: What was decided.
        subject: What was decided on: a file's sha256, a release, a store or an alert's id.
        why: The reason, as a sentence.
        release: The release that the decision is about, if there is one. Defaults to `None`.
        variant: The variant that the decision is about, if there is one. Defaults to `None`.
        details: Everything else, as the JSON of the record that its writer has for this kind. Defaults to nothing.
        who: Who decided. Defaults to the user that the process runs as.
        at: The time of the decision, in UTC. Defaults to now.
    """

    kind: Kind
    subject: str
    why: str
    release: str | None = None
    variant: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    who: str = field(default_factory=getpass.getuser)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


def record(home: Home, entries: Sequence[Entry]) -> None:
    """Add entries in one commit; each is later than the one before it, even if the clock was set back.

    Raises:
        DamagedLedger: If the ledger cannot be read or lacks entries.
    """
    if not entries:
        return
    with home.writing():
        known = _times(home)
        rows, last = [], pc.max(known).as_py() or datetime.min.replace(tzinfo=UTC)
        for entry in entries:
            last = max(entry.at, last + timedelta(microseconds=1))
            rows.append({**vars(entry), "at": last, "details": json.dumps(entry.details, sort_keys=True)})
        delta.append(home.ledger, pa.Table.from_pylist(rows, schema=SCHEMA))
        write_file(_counted(home), f"{len(known) + len(rows)}\n".encode())


def _times(home: Home) -> pa.ChunkedArray:
    with _readable(home):
        return delta.read(home.ledger, SCHEMA, ["at"])["at"]


def read(home: Home, kinds: Iterable[Kind]) -> list[Entry]:
    """All entries of some kinds in a home's ledger, oldest first; a list for one question, see `Ledger` for more.

    Raises:
        DamagedLedger: If the ledger cannot be read or lacks entries.
    """
    with _readable(home):
        rows = delta.read(home.ledger, SCHEMA, where=pc.field("kind").isin(list(kinds)))
        entries = [Entry(**{**row, "details": json.loads(row["details"])}) for row in rows.to_pylist()]
    return sorted(entries, key=lambda entry: entry.at)


@contextmanager
def _readable(home: Home) -> Iterator[None]:
    try:
        _require_whole(home)
        yield
    except delta.UNREADABLE as error:
        raise DamagedLedger(
            f"{home.ledger} must be readable, as it has every decision. Received: {delta.said(error)}. "
            "Restore the folder from a backup"
        ) from None


def _require_whole(home: Home) -> None:
    """Check that no commit is gone: Delta reads a log that lost its newest files as an older version of the table."""
    noted = _counted(home)
    if not noted.exists():
        return
    written = int(noted.read_text())  # first: a writer notes the number after its commit
    there = delta.rows(home.ledger)
    if there < written:
        raise DamagedLedger(
            f"{home.ledger} must have the {written} decisions that were recorded. Received: {there}. Restore the "
            f"folder from a backup; or remove {noted.name} in it to go on without what is lost"
        )


def _counted(home: Home) -> Path:
    """The file with the number of entries; Delta leaves names with an underscore alone."""
    return home.ledger / "_entries"


@dataclass(frozen=True)
class Champion:
    """What a store runs."""

    release: str
    variant: str


class Ledger:
    """What the ledger says of the stores, their alerts and the overrides, read once: all views of it agree.

    Args:
        entries: Promotions, rollbacks, alerts with what was sent of them, and overrides, oldest first.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = tuple(entries)

    @classmethod
    def of(cls, home: Home) -> "Ledger":
        """The ledger of a home as it is now."""
        return cls(read(home, ["promotion", "rollback", "alert", "resolved", "sent", "override"]))

    def entries(self, *kinds: Kind) -> list[Entry]:
        """All entries of some kinds, oldest first."""
        return [entry for entry in self._entries if entry.kind in kinds]

    def champions(self, until: datetime | None = None) -> dict[str, list[Champion]]:
        """Each store's champions, the current one last: a promotion adds one, a rollback goes back to an earlier one.

        A decision that was recorded twice counts once, so that no order of entries takes a store's last champion away.

        Args:
            until: The moment to look at. Defaults to `None`, which is now.
        """
        history: dict[str, list[Champion]] = {}
        for entry in self.entries("promotion", "rollback"):
            if until is not None and entry.at > until:
                break
            if entry.release and entry.variant:
                champion, stack = Champion(entry.release, entry.variant), history.setdefault(entry.subject, [])
                if entry.kind == "rollback":
                    _go_back(stack, champion)
                elif stack[-1:] != [champion]:
                    stack.append(champion)
        return history

    def last_decisions(self) -> dict[str, Entry]:
        """The last promotion or rollback of each store."""
        return {entry.subject: entry for entry in self.entries("promotion", "rollback")}

    def running(self, until: datetime | None = None) -> dict[str, Champion]:
        """What each store runs; the argument is that of `champions`."""
        return {store: stack[-1] for store, stack in self.champions(until).items()}

    def first_champions(self) -> dict[str, Champion]:
        """What each store ran first."""
        first: dict[str, Champion] = {}
        for entry in self.entries("promotion"):
            if entry.release and entry.variant:
                first.setdefault(entry.subject, Champion(entry.release, entry.variant))
        return first


def _go_back(stack: list[Champion], champion: Champion) -> None:
    """Make a champion the last one of a stack again."""
    while len(stack) > 1 and stack[-1] != champion:
        stack.pop()
    stack[:] = [*stack[:-1], champion]
