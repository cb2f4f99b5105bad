"""A batch: the files of one ingest, what was found in them, and what became of their rows."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tasks.ingest.contract.profile import Profile
from tasks.state import ledger
from tasks.state.home import Home


class LostRows(RuntimeError):
    """Rows read are not those accepted, unchanged and quarantined."""


@dataclass(frozen=True)
class FileCount:
    """How one file of a batch was read.

    Attributes:
        name: Of the file.
        sha256: Of its bytes.
        rows: Lines after the header that are not empty.
        reasons: Refused rows by reason.
        reading: The feed's settings that are not the defaults.
        origin: Where it came from: a path or a URL.
        landed: Its path below `landing/`.
        versions: What its remote copies were called by their stores, so that they are not fetched again.
    """

    name: str
    sha256: str
    rows: int
    reasons: dict[str, int]
    reading: dict[str, Any] = field(default_factory=dict)
    origin: str = ""
    landed: str = ""
    versions: tuple[str, ...] = ()

    @property
    def quarantined(self) -> int:
        return sum(self.reasons.values())


@dataclass(frozen=True)
class Batch:
    """What one ingest brings.

    Attributes:
        id: First 16 digits of the sha256 of the files' sha256s: the same files are the same batch.
        files: New files with their counts; `paths` says where they are, in the same order.
        known: Files whose content was taken in before, under any feed; they change nothing.
        staging: Folder of the run, with what `intake` wrote of the new files.
        fault: Why a file cannot be read at all, which refuses the batch.
        notes: What to tell of files that change nothing though they are read otherwise now.
        refused_stores: Stores that are refused alone.
        accepted: Folder of the good rows of new files, which `Accepted` reads; none if there is no new file.
        profile: What they look like.
    """

    id: str
    files: tuple[FileCount, ...]
    paths: tuple[Path, ...]
    known: tuple[FileCount, ...]
    staging: Path
    fault: str | None = None
    notes: tuple[str, ...] = ()
    refused_stores: tuple[str, ...] = ()
    accepted: Path | None = None
    profile: Profile | None = None

    @property
    def is_new(self) -> bool:
        """Whether the batch brings anything that was not ingested before, be it unreadable."""
        return bool(self.files or self.fault)

    @property
    def reasons(self) -> dict[str, int]:
        """Refused rows of all files by reason, the most frequent first."""
        return dict(sum((Counter(file.reasons) for file in (*self.files, *self.known)), Counter()).most_common())

    @property
    def rows(self) -> int:
        return sum(file.rows for file in (*self.files, *self.known))

    @property
    def quarantined(self) -> int:
        return sum(file.quarantined for file in (*self.files, *self.known))


@dataclass(frozen=True)
class Merged:
    """What a batch did to the sales table."""

    rows_accepted: int
    rows_changed: int
    rows_unchanged: int
    snapshot: int | None


def counts(batch: Batch, merged: Merged) -> dict[str, int]:
    """Where the rows of a batch went.

    Raises:
        LostRows: If they do not add up.
    """
    found = {
        "rows_read": batch.rows,
        "rows_accepted": merged.rows_accepted,
        "rows_unchanged": merged.rows_unchanged,
        "rows_quarantined": batch.quarantined,
    }
    read, *elsewhere = found.values()
    if min(found.values()) < 0 or read != sum(elsewhere):
        raise LostRows(f"batch {batch.id} does not add up, which is a defect of shelfcast: {found}")
    return found


def ingested(home: Home) -> dict[str, FileCount]:
    """Files that were taken in, by sha256."""
    names = FileCount.__dataclass_fields__
    return {
        entry.subject: FileCount(
            **{name: value for name, value in entry.details.items() if name in names and name != "versions"},
            versions=tuple(entry.details.get("versions", ())),
        )
        for entry in ledger.read(home, ["ingest"])
    }


def entries(batch: Batch, files: Iterable[FileCount], found: dict[str, int]) -> list[ledger.Entry]:
    """What the ledger says of a batch: an entry a file, each with the whole batch's counts."""
    return [
        ledger.Entry(
            "ingest",
            file.sha256,
            f"{file.rows:,} rows read from {file.name}, {file.quarantined:,} quarantined",
            details={**asdict(file), "batch": batch.id, "counts": found, "refused_stores": batch.refused_stores},
        )
        for file in files
    ]
