"""What is found in files: good rows as they are meant, and bad rows with line and text as they stood."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tasks.ingest import stage
from tasks.ingest.contract.row_rules import Rules
from tasks.ingest.reading import reader
from tasks.ingest.reading.feed import Feed
from tasks.ingest.staged_rows import Accepted
from tasks.state import sales_table
from tasks.state.home import Home
from tasks.state.row_keys import Keys

RULES = Rules(date(2000, 1, 1), date(2026, 6, 30), 1_000_000)


HEADER = b"date,store,item,sales\n"


GOOD = b"2026-01-05,1,1,7\n"


OURS = Feed()


@dataclass(frozen=True)
class Found:
    """Rows of files: how many, the good ones (date, store, item, sales) and the bad ones (line, raw, reason)."""

    rows: int
    accepted: list[tuple[Any, ...]]
    refused: list[tuple[int, str, str]]

    @property
    def repeated(self) -> int:
        return self.rows - len(self.accepted) - len(self.refused)


def checked(paths: Path | Sequence[Path], feed: Feed = OURS) -> Found:
    readers = [partial(reader.chunks, path, feed) for path in ([paths] if isinstance(paths, Path) else paths)]
    with TemporaryDirectory() as folder:
        table = sales_table.Months(Home(Path(folder) / "home"), Keys())
        staged = stage.stage(readers, RULES, table, Path(folder), limit=1_000_000)
        bad = [row for read, found in zip(readers, staged.bad, strict=True) for row in refusals(read, found)]
        accepted = Accepted.at(Path(folder))
        good = [row for month in accepted.rows for row in named(accepted, month)]
    return Found(sum(staged.rows), good, bad)


def refusals(read: stage.Reader, bad: Any) -> list[tuple[int, str, str]]:
    rows = [row for table in stage.refused(read, bad, ()) for row in table.to_pylist()]
    return sorted((row["line"], row["raw"], row["reason"]) for row in rows)


def named(accepted: Accepted, month: int) -> list[tuple[Any, ...]]:
    rows = accepted.keys.rows(*accepted.read_month(month)).cast(sales_table.COLUMNS)
    return list(zip(*rows.to_pydict().values(), strict=True))


def csv(tmp_path: Path, content: bytes, name: str = "feed.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def of_csv(tmp_path: Path, content: bytes) -> Found:
    return checked(csv(tmp_path, content))
