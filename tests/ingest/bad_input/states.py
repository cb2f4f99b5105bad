"""What a home holds before and after an ingest of bad input, and the two ways in which it may end."""

import gzip
import io
import re
import shutil
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from tasks.ingest import quarantine
from tasks.ingest.reading import csv_chunks
from tasks.ingest.result import IngestResult
from tasks.ingest.stage import Intake
from tasks.state import delta, sales_table
from tasks.state.home import Home

HEADER = b"date,store,item,sales\n"
GOOD = b"2026-01-05,1,1,7\n"
BOM = b"\xef\xbb\xbf"
TODAY = date(2026, 2, 15)
"""The clock of these tests: soon after all sales in them."""
Key = tuple[str, str, str]


class Few(Intake):
    """Room for seven rows, so that rows wait on disk and months are merged in parts."""

    @property
    def rows(self) -> int:
        return 7


SCARCE = Few()


@dataclass(frozen=True)
class State:
    """What a home holds.

    Attributes:
        snapshot: Version of the sales table.
        sales: Units by date, store and item.
        quarantined: File, line, raw text, reason and batch of each row.
        files: Hashes of all files.
    """

    snapshot: int | None
    sales: dict[Key, int]
    quarantined: list[tuple[str, int, str, str, str]]
    files: dict[str, str]

    @classmethod
    def of(cls, home: Home) -> "State":
        rows = delta.read(home.sales, sales_table.COLUMNS, ["date", "store", "item", "sales"]).to_pydict()
        units = rows.pop("sales")
        sales = dict(zip(zip(map(str, rows.pop("date")), *rows.values(), strict=True), units, strict=True))
        assert len(sales) == len(units)
        held = delta.read(home.quarantine, quarantine.SCHEMA, ["file", "line", "raw", "reason", "batch"]).to_pydict()
        return cls(sales_table.snapshot(home), sales, sorted(zip(*held.values(), strict=True)), files(home))

    def of_batch(self, batch: str) -> list[tuple[str, int, str, str]]:
        return [row[:4] for row in self.quarantined if row[4] == batch]


def files(home: Home) -> dict[str, str]:
    """The files of a home with a hash of their bytes."""
    found = [path for path in home.root.rglob("*") if path.is_file()]
    return {str(path.relative_to(home.root)): sha256(path.read_bytes()).hexdigest() for path in found}


def copied(home: Home, folder: Path) -> Home:
    shutil.copytree(home.root, folder / "home")
    return Home(folder / "home")


def written(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def zstd(content: bytes) -> bytes:
    return pa.compress(content, "zstd", asbytes=True)


def assert_taken(home: Home, before: State, result: IngestResult, rows: int, good: dict[Key, int], bad: list) -> None:
    """All good rows and no others are in the table, all bad ones and no others in quarantine, and the counts say so.

    Args:
        home: As it is now.
        before: As it was.
        result: What the ingest said.
        rows: How many there were, repeated ones counted each.
        good: Sales that must be there now.
        bad: File, line, raw text and reason of each bad row.
    """
    after = State.of(home)
    changes = {key: units for key, units in good.items() if before.sales.get(key) != units}
    assert not result.refused, result.why
    assert (result.rows_read, result.rows_quarantined) == (rows, len(bad))
    assert result.rows_accepted == len(changes)
    assert result.rows_changed == len([key for key in changes if key in before.sales])
    assert rows == result.rows_accepted + result.rows_unchanged + result.rows_quarantined
    assert after.sales == before.sales | good
    assert (after.snapshot == before.snapshot) == (not changes)
    assert after.quarantined == sorted([*before.quarantined, *[(*row, result.batch) for row in bad]])


def assert_refused(home: Home, before: State, result: IngestResult, why: str) -> None:
    """The batch is refused as a whole, in a sentence of one line, and every file of the home is as it was."""
    assert result.refused and re.search(why, result.why), result.why
    assert "\n" not in result.why
    assert (result.rows_accepted, result.rows_quarantined) == (0, 0)
    assert files(home) == before.files


FIRST, SECOND = ("2026-01-05", "1", "1"), ("2026-01-06", "2", "2")
ONE, TWO = b"2026-01-05,1,1,70\n", b"2026-01-06,2,2,80\n"
NO_PARQUET = r"^f\.parquet is not a Parquet file that can be read \(.*\)$"


def of_columns(**columns: Any) -> bytes:
    """`ONE` and `TWO` as Parquet, with some columns instead."""
    default = {"date": ["2026-01-05", "2026-01-06"], "store": ["1", "2"], "item": ["1", "2"], "sales": [70, 80]}
    buffer = pa.BufferOutputStream()
    parquet.write_table(pa.table(default | columns), buffer)
    return buffer.getvalue().to_pybytes()


def unpacked(content: bytes) -> bytes:
    if content.startswith(csv_chunks.GZIP):
        return gzip.decompress(content)
    packed = content.startswith(csv_chunks.ZSTD)
    return pa.input_stream(io.BytesIO(content), compression="zstd").read() if packed else content
