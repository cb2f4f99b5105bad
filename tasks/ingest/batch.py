"""A batch: the files of one ingest, which of them are new, and the ledger's entry for each."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from typing import Any

from pydantic import Field, field_serializer

from tasks.ingest.contract.findings import BadRow
from tasks.ingest.reading.feed import Feed
from tasks.ingest.reading.source_file import SourceFile
from tasks.ingest.staged_batch import StagedBatch
from tasks.state import delta, ledger
from tasks.state.home import Home
from tasks.state.record import Record


class LostRows(RuntimeError):
    """The rows read are not the sum of those accepted, unchanged and quarantined."""


class FileCount(Record):
    """How one file of a batch was read."""

    name: str = Field(description="name of the file at its source")
    sha256: str = Field(description="hash of its bytes")
    rows: int = Field(description="number of lines after the header that are not empty")
    reasons: dict[str, int] = Field(description="number of refused rows by reason")
    reading: Feed = Field(description="how the file was read; the ledger keeps what differs from the default feed")
    origin: str = Field(description="where the file came from: a path or a URL")
    landed: str = Field(description="its path below `landing/`")
    versions: tuple[str, ...] = Field(description="versions of its remote copies, so that they are not fetched again")

    @field_serializer("reading")
    def _differences(self, feed: Feed) -> dict[str, Any]:
        return feed.model_dump(exclude_defaults=True)

    @property
    def quarantined(self) -> int:
        return sum(self.reasons.values())


class BatchCounts(Record):
    """Where the rows of a batch went."""

    rows_read: int = Field(description="number of rows in all files")
    rows_accepted: int = Field(description="rows that are new in the sales table, or changed a value there")
    rows_unchanged: int = Field(description="rows that the sales table had already")
    rows_quarantined: int = Field(description="rows that were refused")


class IngestDetails(FileCount):
    """The details of a file's entry in the ledger: the file, and the batch that it came with."""

    batch: str
    counts: BatchCounts
    refused_stores: tuple[str, ...]


@dataclass(frozen=True)
class EarlierFiles:
    """The files that were ingested earlier.

    Attributes:
        home: The home of the ledger.
        version: The ledger's version that was read; `None` before the first entry.
        files: The files by their sha256.
    """

    home: Home
    version: int | None
    files: dict[str, FileCount]

    @classmethod
    def read(cls, home: Home) -> "EarlierFiles":
        """Read the ledger of a home."""
        version = delta.version(home.ledger)
        return cls(home, version, {entry.subject: _file(entry) for entry in ledger.read(home, ["ingest"])})

    def now(self) -> "EarlierFiles":
        """The files as the ledger has them now; it is read again only if another run has written to it since."""
        return self if delta.version(self.home.ledger) == self.version else EarlierFiles.read(self.home)

    @property
    def versions(self) -> dict[str, str]:
        """The sha256 of remote files by version."""
        return {version: file.sha256 for file in self.files.values() for version in file.versions}


def _file(entry: ledger.Entry) -> FileCount:
    return FileCount.model_validate({name: entry.details[name] for name in FileCount.model_fields})


@dataclass(frozen=True)
class Batch:
    """The files of one ingest, and the rows of those that are new.

    Attributes:
        id: First 16 digits of the sha256 of the files' sha256s: the same files are the same batch.
        earlier: All files that were ingested before.
        files: New files with their counts.
        known: Files of this batch whose content was ingested before, with any feed; they change nothing.
        staged: The rows of the new files; `None` if there is no new file or it cannot be read.
        fault: Why a file cannot be read at all, which refuses the batch. Defaults to `None`.
        notes: Remarks on known files that are read with another feed now. Defaults to none.
    """

    id: str
    earlier: EarlierFiles
    files: tuple[FileCount, ...]
    known: tuple[FileCount, ...]
    staged: StagedBatch | None = None
    fault: str | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, found: Iterable[SourceFile], earlier: EarlierFiles, feed: Feed) -> "Batch":
        """The batch of some files, of which no new one is read yet."""
        hashes = [file.sha256 for file in found]
        known = tuple(earlier.files[name] for name in hashes if name in earlier.files)
        name = sha256("".join(sorted(hashes)).encode()).hexdigest()[:16]
        # our own columns, the default, are not worth a remark
        notes = tuple(_note(file) for file in known if feed not in (Feed(), file.reading))
        return cls(name, earlier, (), known, notes=notes)

    @property
    def is_new(self) -> bool:
        """Whether the batch has a new file, even if it cannot be read."""
        return bool(self.files or self.fault)

    @property
    def reasons(self) -> dict[str, int]:
        """Number of refused rows in all files by reason, the most frequent first."""
        return dict(sum((Counter(file.reasons) for file in (*self.files, *self.known)), Counter()).most_common())

    @property
    def rows(self) -> int:
        return sum(file.rows for file in (*self.files, *self.known))

    @property
    def quarantined(self) -> int:
        return sum(file.quarantined for file in (*self.files, *self.known))

    def bad_rows(self, limit: int) -> tuple[BadRow, ...]:
        """The first bad rows of the new files, file by file."""
        if self.staged is None:
            return ()
        staged = self.staged
        rows = (row for number, file in enumerate(self.files) for row in staged.first_bad(number, file.name, limit))
        return tuple(islice(rows, limit))

    def recounted(self, reasons: dict[str, dict[str, int]]) -> "Batch":
        """The batch with other refused rows in some of its new files, given by their sha256."""
        files = (file.model_copy(update={"reasons": reasons.get(file.sha256, file.reasons)}) for file in self.files)
        return replace(self, files=tuple(files))


def _note(file: FileCount) -> str:
    reading = file.reading.model_dump(exclude_defaults=True) or "our own columns"
    return f"{file.name} was ingested before with {reading}; reading it with another feed changes nothing"


@dataclass(frozen=True)
class Merged:
    """What a batch did to the sales table."""

    rows_accepted: int
    rows_changed: int
    rows_unchanged: int
    snapshot: int | None


def counts(batch: Batch, merged: Merged) -> BatchCounts:
    """Where the rows of a batch went.

    Raises:
        LostRows: If they do not add up.
    """
    found = BatchCounts(
        rows_read=batch.rows,
        rows_accepted=merged.rows_accepted,
        rows_unchanged=merged.rows_unchanged,
        rows_quarantined=batch.quarantined,
    )
    read, *elsewhere = vars(found).values()
    if min(read, *elsewhere) < 0 or read != sum(elsewhere):
        raise LostRows(f"batch {batch.id} does not add up, which is a defect of shelfcast: {found}")
    return found


def entries(
    batch: Batch, files: Iterable[FileCount], found: BatchCounts, refused_stores: tuple[str, ...]
) -> list[ledger.Entry]:
    """The ledger's entries for a batch: one for each file, with the counts of the whole batch.

    Args:
        batch: The batch.
        files: Those of its new files that the ledger does not have.
        found: Where the batch's rows went.
        refused_stores: Stores that were refused alone.
    """
    return [
        ledger.Entry(
            "ingest",
            file.sha256,
            f"{file.rows:,} rows read from {file.name}, {file.quarantined:,} quarantined",
            details=IngestDetails(**vars(file), batch=batch.id, counts=found, refused_stores=refused_stores).model_dump(
                mode="json"
            ),
        )
        for file in files
    ]
