"""The ledger: every decision, in the order it was made. Rows are only ever added."""

import getpass
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import write_deltalake

from tasks.state import delta
from tasks.state.home import Home

Kind = Literal["ingest", "replay", "release", "refusal", "override", "promotion", "rollback", "alert", "resolved"]

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


@dataclass(frozen=True)
class Entry:
    """One decision.

    Attributes:
        kind: What was decided.
        subject: On what: a file's sha256, a release, a store, an alert's id.
        why: The reason, a sentence.
        release: The release it is about, if any.
        variant: The variant it is about, if any.
        details: Anything else, as JSON.
        who: Who decided. Defaults to the user it runs as.
        at: When, UTC. Defaults to now.
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
    """Add entries, all in one commit; each is later than the one before it, even if the clock was set back."""
    if not entries:
        return
    rows, last = [], _last(home)
    for entry in entries:
        last = max(entry.at, last + timedelta(microseconds=1))
        rows.append({**vars(entry), "at": last, "details": json.dumps(entry.details, sort_keys=True)})
    home.ledger.mkdir(parents=True, exist_ok=True)
    write_deltalake(home.ledger, pa.Table.from_pylist(rows, schema=SCHEMA), mode="append")


def _last(home: Home) -> datetime:
    if not delta.exists(home.ledger):
        return datetime.min.replace(tzinfo=UTC)
    return pc.max(delta.read(home.ledger, ["at"])["at"]).as_py()


def read(home: Home, kinds: Iterable[Kind]) -> list[Entry]:
    """All entries of some kinds, oldest first."""
    if not delta.exists(home.ledger):
        return []
    rows = delta.read(home.ledger, where=pc.field("kind").isin(list(kinds)))
    entries = [Entry(**{**row, "details": json.loads(row["details"])}) for row in rows.to_pylist()]
    return sorted(entries, key=lambda entry: entry.at)


@dataclass(frozen=True)
class Champion:
    """What a store runs."""

    release: str
    variant: str


def champions(home: Home, until: datetime | None = None) -> dict[str, list[Champion]]:
    """Each store's champions, the current one last: a promotion adds one, a rollback takes the last away.

    Args:
        home: Whose.
        until: As it was then. Defaults to `None`, now.
    """
    history: dict[str, list[Champion]] = {}
    for entry in read(home, ["promotion", "rollback"]):
        if until is not None and entry.at > until:
            break
        stack = history.setdefault(entry.subject, [])
        if entry.kind == "rollback":
            stack.pop()
        elif entry.release and entry.variant:
            stack.append(Champion(entry.release, entry.variant))
    return {store: stack for store, stack in history.items() if stack}


def first_champions(home: Home) -> dict[str, Champion]:
    """What each store ran first."""
    first: dict[str, Champion] = {}
    for entry in read(home, ["promotion"]):
        if entry.release and entry.variant:
            first.setdefault(entry.subject, Champion(entry.release, entry.variant))
    return first


def open_alerts(home: Home) -> dict[str, Entry]:
    """Alerts raised and not resolved, by id."""
    state: dict[str, Entry] = {}
    for entry in read(home, ["alert", "resolved"]):
        if entry.kind == "alert":
            state[entry.subject] = entry
        else:
            state.pop(entry.subject, None)
    return state
