"""The quarantine: refused rows with their raw text, file, line, reason and batch, in Delta."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from deltalake import DeltaTable

from tasks.ingest.batch import FileCount
from tasks.state import delta
from tasks.state.atomic import write_file
from tasks.state.home import Home

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


@dataclass(frozen=True)
class Said:
    """What is said of all rows of a batch: its id, and when it was refused, UTC."""

    batch: str
    at: datetime


def put(home: Home, said: Said, files: Iterable[tuple[FileCount, Iterable[pa.Table]]]) -> list[Counter[str]]:
    """Set the refused rows of a batch aside, in one commit; what a run that was cut off put there is replaced.

    Args:
        home: Where the table is.
        said: What is said of all rows.
        files: Each file with its refused rows, in schema `intake.REFUSED`.

    Returns:
        Of each file, rows by reason.
    """
    counted: list[Counter[str]] = []
    there = _hashes(home)
    again: list[str] = []
    with delta.adding(home.quarantine) as adding:
        for file, tables in files:
            counts: Counter[str] = Counter()
            _add(adding, _tables(said, file, tables, counts))
            again += [file.sha256] if file.sha256 in there else []
            counted.append(counts)
        if again:
            _add(adding, _others(home, again))
        if adding.pending or again:
            before = DeltaTable(home.quarantine) if delta.exists(home.quarantine) else None
            adding.commit(before, SCHEMA, {"batch": said.batch}, anew=bool(again))
    return counted


def rows(home: Home, reason: str | None = None, store: str | None = None) -> list[dict[str, Any]]:
    """Rows in quarantine, newest batch first.

    Args:
        home: Where the table is.
        reason: Only rows refused for it. Defaults to `None`, all.
        store: Only rows that name it. Defaults to `None`, all.
    """
    return table(home, reason, store).to_pylist()


def table(home: Home, reason: str | None = None, store: str | None = None) -> pa.Table:
    """The same as a table of schema `SCHEMA`."""
    if not delta.exists(home.quarantine):
        return SCHEMA.empty_table()
    where = None
    if reason is not None:
        where = pc.field("reason") == reason
    if store is not None:
        of_store = pc.field("store") == store
        where = of_store if where is None else where & of_store
    found = delta.read(home.quarantine, SCHEMA.names, where).cast(SCHEMA)
    return found.sort_by([("at", "descending"), ("file", "ascending"), ("line", "ascending")])


def export(rows: pa.Table, path: Path) -> None:
    """Write rows as CSV, to be corrected and given to a replay."""
    columns = ["sha256", "file", "line", "reason", "date", "store", "item", "sales", "raw"]
    buffer = pa.BufferOutputStream()
    pa.csv.write_csv(rows.select(columns), buffer)
    write_file(path, buffer.getvalue().to_pybytes())


def release(home: Home, lines: Mapping[str, Iterable[int]]) -> None:
    """Take rows out, in one commit.

    Args:
        home: Where the table is.
        lines: Of files, by their sha256.
    """
    everything = table(home)
    hashes, numbers = everything["sha256"].to_numpy(), everything["line"].to_numpy()
    gone = np.zeros(len(everything), bool)
    for sha256, chosen in lines.items():
        gone |= (hashes == sha256) & np.isin(numbers, np.fromiter(chosen, np.int64))
    keep(home, everything.filter(pa.array(~gone)))


def keep(home: Home, remaining: pa.Table) -> None:
    """Leave only these rows in quarantine, in one commit."""
    from deltalake import write_deltalake

    write_deltalake(home.quarantine, remaining, mode="overwrite")


def reasons(home: Home) -> dict[str, int]:
    """Rows in quarantine by reason, the most frequent first."""
    if not delta.exists(home.quarantine):
        return {}
    counts = delta.read(home.quarantine, ["reason"])["reason"].value_counts().to_pylist()
    return dict(Counter({each["values"]: each["counts"] for each in counts}).most_common())


def stores_wait(home: Home) -> bool:
    """Whether rows wait in quarantine because their store was refused."""
    return "store refused" in reasons(home)


def _tables(said: Said, file: FileCount, tables: Iterable[pa.Table], counts: Counter[str]) -> Iterator[pa.Table]:
    for rows in tables:
        counts.update({each["values"]: each["counts"] for each in rows["reason"].value_counts().to_pylist()})
        whole = {"batch": said.batch, "at": said.at, "file": file.name, "sha256": file.sha256}
        constant = {
            name: pa.repeat(pa.scalar(value, SCHEMA.field(name).type), len(rows)) for name, value in whole.items()
        }
        yield pa.table({**constant, **{name: rows[name] for name in rows.column_names}}).select(SCHEMA.names)


def _others(home: Home, hashes: Sequence[str]) -> Iterator[pa.Table]:
    """What is there of other files."""
    where = ~pc.field("sha256").isin(list(hashes))
    for batch in delta.dataset(home.quarantine).to_batches(columns=SCHEMA.names, filter=where):
        if batch.num_rows:
            yield pa.table(batch).cast(SCHEMA)


def _add(adding: delta.Adding, tables: Iterator[pa.Table]) -> None:
    """Write a file, unless there are no rows."""
    first = next(tables, None)
    if first is not None:
        adding.file(chain([first], tables), SCHEMA).result()


def _hashes(home: Home) -> set[str]:
    if not delta.exists(home.quarantine):
        return set()
    return set(delta.read(home.quarantine, ["sha256"])["sha256"].unique().to_pylist())
