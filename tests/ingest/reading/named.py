"""Sources by hand, and what they name."""

from pathlib import Path

from tasks.ingest.reading import sources
from tasks.ingest.reading.source_file import SourceFile

HEADER = b"date,store,item,sales\n"
GOOD = b"2026-01-05,1,1,7\n"


def csv(tmp_path: Path, content: bytes, name: str = "feed.csv") -> Path:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names(found: list[SourceFile]) -> list[str]:
    return [file.name for file in found]


def find(tmp_path: Path, *named: object) -> list[SourceFile]:
    return sources.find([str(each) for each in named], tmp_path / "fetched", {})


def versions(found: list[SourceFile]) -> dict[str, str]:
    """What a later call of `find` is told of the files that an earlier one found."""
    return {version: file.sha256 for file in found for version in file.versions}
