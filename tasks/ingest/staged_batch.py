"""A staged batch: the rows of new files in a folder for the time of the run. Nothing else knows the folder's format.

fetched/     copies of remote files, written by `sources.find`
rows/        good rows by month, written by `stage` and read as `Accepted`
bad-N.npz    lines and reasons of the bad rows of file N
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from tasks.ingest.contract.findings import BadRow
from tasks.ingest.contract.profile import BatchProfile
from tasks.ingest.contract.row_rules import REASONS, Reasons, Rules
from tasks.ingest.reading import reader
from tasks.ingest.reading.feed import Feed
from tasks.ingest.stage import Intake, Reader, refused, stage
from tasks.ingest.staged_rows import Accepted
from tasks.state.home import Home
from tasks.state.row_keys import Ints, Keys
from tasks.state.sales_table import Months


@dataclass(frozen=True)
class StagedBatch:
    """The rows of new files, checked and sorted, in a staging folder.

    Attributes:
        folder: The staging folder.
        readers: Reader of each file.
        paths: Where the files are; none if the rows come from elsewhere.
        rows: Number of rows in each file.
        reasons: Number of bad rows in each file by reason.
        profile: Statistics of the batch, compared with the sales table.
    """

    folder: Path
    readers: tuple[Reader, ...]
    paths: tuple[Path, ...]
    rows: tuple[int, ...]
    reasons: tuple[dict[str, int], ...]
    profile: BatchProfile

    @staticmethod
    def fetched(folder: Path) -> Path:
        """Where copies of remote files go in a staging folder."""
        return folder / "fetched"

    @classmethod
    def of_files(
        cls, paths: Sequence[Path], feed: Feed, rules: Rules, home: Home, folder: Path, size: Intake
    ) -> "StagedBatch":
        """Read files into a staging folder; see `of` for the other arguments.

        Args:
            paths: The files.
            feed: How the files are written.
        """
        readers = [partial(reader.chunks, path, feed) for path in paths]
        return replace(cls.of(readers, rules, home, folder, size), paths=tuple(paths))

    @classmethod
    def of(cls, readers: Sequence[Reader], rules: Rules, home: Home, folder: Path, size: Intake) -> "StagedBatch":
        """Read rows into a staging folder, and compare them with the sales table.

        Args:
            readers: Reader of each file.
            rules: Limits for a row.
            home: The home of the sales table.
            folder: The staging folder, into which no rows were read before.
            size: How much memory the rows may take.

        Raises:
            UnreadableFile: If a file is not a table of sales.
            row_keys.TooManyCodes: If there are more stores or items than any chain has.
        """
        rows = folder / "rows"
        rows.mkdir()
        staged = stage(readers, rules, Months(home, Keys()), rows, size.rows)
        for number, (lines, reasons) in enumerate(staged.bad):
            np.savez(folder / f"bad-{number}.npz", lines=lines, reasons=reasons)
        counts = tuple(staged.reasons(number) for number in range(len(readers)))
        return cls(folder, tuple(readers), (), staged.rows, counts, staged.profile)

    def accepted(self) -> Accepted:
        """The good rows, month by month."""
        return Accepted.at(self.folder / "rows")

    def refused(self, file: int, stores: Collection[str]) -> Iterator[pa.Table]:
        """The refused rows of a file, with all rows of refused stores, in schema `stage.REFUSED`."""
        return refused(self.readers[file], self._bad(file), stores)

    def faults(self, file: int) -> dict[int, str]:
        """Why the bad rows of a file are bad, by line."""
        lines, reasons = self._bad(file)
        return {line: REASONS[reason] for line, reason in zip(lines.tolist(), reasons.tolist(), strict=True)}

    def first_bad(self, file: int, name: str, limit: int) -> list[BadRow]:
        """The first bad rows of a file of some name, which is read no further than these."""
        lines, reasons = self._bad(file)
        tables = refused(self.readers[file], (lines[:limit], reasons[:limit]), ())
        rows = (row for table in tables for row in table.select(["line", "reason", "raw"]).to_pylist())
        return sorted((BadRow.of(name, **row) for row in rows), key=lambda row: row.line)[:limit]

    def _bad(self, file: int) -> tuple[Ints, Reasons]:
        with np.load(self.folder / f"bad-{file}.npz") as bad:
            return bad["lines"], bad["reasons"]
