"""Corrections: a CSV file that says what rows in quarantine should have been."""

import csv
from collections import defaultdict
from pathlib import Path

from tasks.ingest.cells import as_it_was
from tasks.ingest.quarantine import QuarantinedRow
from tasks.ingest.reading.feed import COLUMNS


class CorrectionsError(ValueError):
    """A file of corrections that cannot be used."""


def corrected(rows: list[QuarantinedRow], path: Path) -> list[QuarantinedRow]:
    """The rows that a file of corrections names, with its values; an empty cell leaves a value as it is.

    Args:
        rows: Rows in quarantine.
        path: The CSV file. It names a row by `line` and `sha256` or `file`, and has some of our four columns.

    Raises:
        CorrectionsError: If the file cannot be read, or names a row that is not in quarantine, or a row twice.
    """
    corrections = _read(path)
    by = "sha256" if "sha256" in corrections[0] else "file"
    known: dict[tuple[str, str], list[QuarantinedRow]] = defaultdict(list)
    for row in rows:
        known[getattr(row, by), str(row.line)].append(row)
    found = [_corrected(correction, by, known, path) for correction in corrections]
    if len({row.place for row in found}) < len(found):
        raise CorrectionsError(f"{path} names a row twice; leave one of them out")
    return found


def _read(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            corrections = list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorrectionsError(f"{path} cannot be read as CSV in UTF-8 ({error})") from None
    columns = set(corrections[0]) if corrections else set()
    if not ("line" in columns and columns & {"file", "sha256"} and columns & set(COLUMNS)):
        raise CorrectionsError(
            f"{path} needs rows with the columns line, file or sha256, and some of {', '.join(COLUMNS)}, such as "
            f"`shelfcast quarantine list --csv` writes. Received: {', '.join(sorted(map(str, columns))) or 'no rows'}"
        )
    return corrections


def _corrected(
    correction: dict[str, str], by: str, known: dict[tuple[str, str], list[QuarantinedRow]], path: Path
) -> QuarantinedRow:
    name, line = as_it_was((correction[by] or "").strip()), (correction["line"] or "?").strip()
    rows = known.get((name, line), [])
    if not rows:
        raise CorrectionsError(f"{path}: line {line} of {name} is not in quarantine")
    if len(rows) > 1:
        raise CorrectionsError(f"{path}: line {line} of {name} is there in several files of that name; give its sha256")
    values = {column: as_it_was(correction[column]) for column in COLUMNS if (correction.get(column) or "").strip()}
    return rows[0].model_copy(update=values)
