"""The quarantine: refused rows with their raw text, file, line, reason and batch, in Delta."""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from pydantic import Field, field_serializer

from tasks.forecasting.data.codes import normal
from tasks.ingest.batch import FileCount
from tasks.ingest.cells import defused
from tasks.ingest.contract.row_rules import REASONS, Reason
from tasks.state import delta
from tasks.state.atomic import write_file
from tasks.state.home import Home
from tasks.state.parquet import DamagedTable
from tasks.state.record import Document, Record

log = logging.getLogger("shelfcast.quarantine")

SCHEMA = pa.schema(
    [
        ("batch", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("file", pa.string()),
        ("sha256", pa.string()),
        ("line", pa.int64()),
        ("raw", pa.string()),
        ("reason", pa.string()),
        ("date", pa.string()),
        ("store", pa.string()),
        ("item", pa.string()),
        ("sales", pa.string()),
    ]
)


Place = tuple[str, int]
"""The sha256 of a file, and a line in it."""


class QuarantinedRow(Record):
    """A row in quarantine."""

    batch: str = Field(description="id of the batch that it came with")
    at: datetime = Field(description="time when it was refused, UTC")
    file: str = Field(description="name of its file")
    sha256: str = Field(description="hash of the file")
    line: int = Field(description="number of the line (of the row in Parquet)")
    raw: str = Field(description="the line as it stood in the file")
    reason: str = Field(description="why the row was refused")
    date: str | None = Field(description="text of its date; null, like the next three, where the line is misshapen")
    store: str | None = Field(description="text of its store")
    item: str | None = Field(description="text of its item")
    sales: str | None = Field(description="text of its sales")

    @field_serializer("at")
    def _iso(self, at: datetime) -> str:
        return at.isoformat()

    @property
    def place(self) -> Place:
        return self.sha256, self.line

    @property
    def batch_and_store(self) -> tuple[str, str]:
        return self.batch, normal(self.store or "")

    @property
    def misshapen(self) -> bool:
        return self.date is self.store is self.item is self.sales is None

    @property
    def key(self) -> tuple[str, str, str]:
        """Date, store and item of a valid row, as the sales table names them."""
        return (self.date or "").strip()[:10], normal(self.store or ""), normal(self.item or "")


class QuarantineList(Document):
    """The JSON of `shelfcast quarantine list`."""

    total: int = Field(description="number of rows that were asked for")
    rows: tuple[QuarantinedRow, ...] = Field(description="the first of these rows, newest batch first")
    csv: str | None = Field(description="path of the CSV file with all of these rows; null if none was written")


@dataclass(frozen=True)
class BatchStamp:
    """What all rows of a batch have in common: the batch's id, and the time when they were refused, UTC."""

    batch: str
    at: datetime


def add(home: Home, stamp: BatchStamp, files: Iterable[tuple[FileCount, Iterable[pa.Table]]]) -> list[Counter[str]]:
    """Add the refused rows of a batch, in one commit; rows that an interrupted run added are replaced.

    Args:
        home: The home of the quarantine.
        stamp: Batch and time of all rows.
        files: Each file with its refused rows, in schema `stage.REFUSED`.

    Returns:
        Number of rows by reason for each file.

    Raises:
        DamagedTable: If there are rows to add, and the quarantine cannot be read.
    """
    counted: dict[str, Counter[str]] = {}
    with delta.adding(home.quarantine) as adding:
        for file, tables in files:
            counted[file.sha256] = Counter()
            _add(adding, _tables(stamp, file, tables, counted[file.sha256]))
        again = _files(home, needed=bool(adding.pending)) & set(counted)
        if again:
            _add(adding, _others(home, sorted(again)))
        if adding.pending or again:
            before = delta.open_table(home.quarantine) if delta.exists(home.quarantine) else None
            adding.commit(before, SCHEMA, {"batch": stamp.batch}, replace_all=bool(again))
    return list(counted.values())


def _files(home: Home, needed: bool) -> set[str]:
    """The sha256 of files with rows in quarantine; none if it is damaged and nothing has to be added to it."""
    try:
        return set(delta.read(home.quarantine, SCHEMA, ["sha256"])["sha256"].unique().to_pylist())
    except DamagedTable as error:
        if needed:
            raise
        log.warning("the quarantine is left as it is: %s", error)
        return set()


def rows(home: Home, reason: str | None = None, store: str | None = None) -> list[QuarantinedRow]:
    """Rows in quarantine, newest batch first.

    Args:
        home: The home of the quarantine.
        reason: Only rows that were refused for this reason. Defaults to `None`, all.
        store: Only rows that name this store. Defaults to `None`, all.
    """
    return [QuarantinedRow(**row) for row in table(home, reason, store).to_pylist()]


def listing(home: Home, reason: str | None, store: str | None, limit: int, csv: Path | None) -> QuarantineList:
    """The first rows in quarantine, newest batch first; all of them go into a CSV file if a path is given.

    Args:
        home: The home of the quarantine.
        reason: Only rows that were refused for this reason; `None` for all.
        store: Only rows that name this store; `None` for all.
        limit: Number of rows to list.
        csv: Where to write all rows; `None` for nowhere.
    """
    found = table(home, reason, store)
    if csv:
        export(found, csv)
    shown = tuple(QuarantinedRow(**row) for row in found.slice(0, limit).to_pylist())
    return QuarantineList(total=len(found), rows=shown, csv=str(csv) if csv else None)


def table(home: Home, reason: str | None = None, store: str | None = None) -> pa.Table:
    """Rows in quarantine as a table of schema `SCHEMA`; see `rows` for the arguments."""
    where = pc.scalar(True)
    if reason is not None:
        where &= pc.field("reason") == reason
    if store is not None:
        where &= pc.utf8_normalize(pc.utf8_trim_whitespace(pc.field("store")), form="NFC") == normal(store)
    found = delta.read(home.quarantine, SCHEMA, where=where).cast(SCHEMA)
    return found.sort_by([("at", "descending"), ("file", "ascending"), ("line", "ascending")])


def export(rows: pa.Table, path: Path) -> None:
    """Write rows as CSV, to be corrected in a spreadsheet and given to a replay."""
    texts = {
        name: pa.array(map(defused, rows[name].to_pylist()), pa.string())
        for name in ("sha256", "file", "reason", "date", "store", "item", "sales", "raw")
    }
    columns = ["sha256", "file", "line", "reason", "date", "store", "item", "sales", "raw"]
    buffer = pa.BufferOutputStream()
    pa.csv.write_csv(pa.table({"line": rows["line"], **texts}).select(columns), buffer)
    write_file(path, buffer.getvalue().to_pybytes())


def remove(home: Home, gone: Collection[Place]) -> None:
    """Take rows out, in one commit."""
    everything = table(home)
    places = zip(everything["sha256"].to_pylist(), everything["line"].to_pylist(), strict=True)
    remaining = everything.filter(pa.array([place not in gone for place in places], pa.bool_()))
    with delta.adding(home.quarantine) as adding:
        _add(adding, iter([remaining]))
        adding.commit(delta.open_table(home.quarantine), SCHEMA, {}, replace_all=True)


def reasons(home: Home) -> dict[str, int]:
    """Number of rows in quarantine by reason, the most frequent first."""
    return dict(_counts(delta.read(home.quarantine, SCHEMA, ["reason"])["reason"]).most_common())


def stores_wait(home: Home) -> bool:
    """Whether rows are in quarantine because their store was refused."""
    return REASONS[Reason.STORE_REFUSED] in reasons(home)


def _tables(stamp: BatchStamp, file: FileCount, tables: Iterable[pa.Table], counts: Counter[str]) -> Iterator[pa.Table]:
    """A file's refused rows in the quarantine's schema; they are counted by reason on the way."""
    same = {"batch": stamp.batch, "at": stamp.at, "file": file.name, "sha256": file.sha256}
    for rows in tables:
        counts += _counts(rows["reason"])
        constant = {
            name: pa.repeat(pa.scalar(value, SCHEMA.field(name).type), len(rows)) for name, value in same.items()
        }
        yield pa.table({**constant, **{name: rows[name] for name in rows.column_names}}).select(SCHEMA.names)


def _counts(column: pa.ChunkedArray) -> Counter[str]:
    """How often each text is in a column."""
    return Counter({count["values"]: count["counts"] for count in column.value_counts().to_pylist()})


def _others(home: Home, hashes: Sequence[str]) -> Iterator[pa.Table]:
    """The rows in quarantine that are of other files."""
    where = ~pc.field("sha256").isin(list(hashes))
    for batch in delta.batches(home.quarantine, SCHEMA.names, where):
        if batch.num_rows:
            yield pa.table(batch).cast(SCHEMA)


def _add(adding: delta.Adding, tables: Iterator[pa.Table]) -> None:
    """Write a file, unless there are no rows."""
    first = next(filter(len, tables), None)
    if first is not None:
        adding.file(chain([first], tables), SCHEMA).result()
