"""A feed: the files that arrived, read as text. Nothing here writes."""

import csv
import gzip
import hashlib
import math
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

COLUMNS = ("date", "store", "item", "sales")
SUFFIXES = (".csv", ".csv.gz", ".parquet")

FILE_ROWS = pa.schema([("file", pa.int32()), ("line", pa.int64()), *((name, pa.string()) for name in COLUMNS)])
"""Rows as they arrived: the file's number in the batch, its line there (row number in Parquet), four texts."""


class SourceError(ValueError):
    """There is nothing to read at a source."""


class UnreadableFile(ValueError):
    """A file that is not a table of sales; the batch it came with is refused."""


@dataclass(frozen=True)
class SourceFile:
    """One file of a batch.

    Attributes:
        path: Where it is.
        sha256: Of its bytes: the same content under another name is the same file.
    """

    path: Path
    sha256: str


@dataclass(frozen=True)
class Rows:
    """What a file holds.

    Attributes:
        table: Rows of four columns, schema `FILE_ROWS`.
        misshapen: Line and text of each line with another number of columns.
        text: The file's text where it is CSV, else nothing.
    """

    table: pa.Table
    misshapen: dict[int, str]
    text: bytes = b""

    def raw(self, bad: NDArray[np.bool_]) -> list[str]:
        """Some rows as they stood in the file; for Parquet their four values."""
        rows = self.table.filter(bad)
        if not self.text:
            texts = [pc.fill_null(column, "") for column in rows.select(COLUMNS).columns]
            return pc.binary_join_element_wise(*texts, ",").to_pylist()
        ends = np.append(np.flatnonzero(np.frombuffer(self.text, np.uint8) == ord("\n")), len(self.text))
        lines = rows["line"].to_numpy()
        spans = zip(ends[lines - 2] + 1, ends[lines - 1], strict=True)
        return [self.text[start:end].decode().rstrip("\r") for start, end in spans]


def find(sources: Iterable[str | Path]) -> list[SourceFile]:
    """The files that sources name, a folder standing for those below it, each content once.

    Raises:
        SourceError: If a source does not exist, holds no file of sales, or is of another kind.
    """
    found: dict[str, SourceFile] = {}
    for path in files(sources):
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        found.setdefault(sha256, SourceFile(path, sha256))
    return list(found.values())


def files(sources: Iterable[str | Path]) -> list[Path]:
    """The paths that sources name, a folder standing for those below it.

    Raises:
        SourceError: If a source does not exist, holds no file of sales, or is of another kind.
    """
    return [path for source in sources for path in _files(Path(source))]


def _files(source: Path) -> list[Path]:
    if source.is_dir():
        found = sorted(path for path in source.rglob("*") if path.is_file() and path.name.endswith(SUFFIXES))
        if not found:
            raise SourceError(f"the folder holds no {', '.join(SUFFIXES)} file: {source}")
        return found
    if not source.exists():
        raise SourceError(f"no such file or folder: {source}")
    if not source.name.endswith(SUFFIXES):
        raise SourceError(f"sales come as {', '.join(SUFFIXES)}. Received: {source}")
    return [source]


def read(path: Path, number: int) -> Rows:
    """Read one file of a batch as text.

    Args:
        path: A CSV, gzipped CSV or Parquet file.
        number: Its number in the batch.

    Raises:
        UnreadableFile: If it is empty, damaged, or lacks one of the columns date, store, item, sales.
    """
    rows = _parquet(path, number) if path.name.endswith(".parquet") else _csv(path, number)
    if not len(rows.table) and not rows.misshapen:
        raise UnreadableFile(f"{path.name} has a header and no rows; is the export complete?")
    return rows


def _csv(path: Path, number: int) -> Rows:
    content = _text(path)
    first_line = content.split(b"\n", 1)[0].decode().rstrip("\r")
    names = _positions(path, [name.strip().strip('"') for name in first_line.split(",")])
    lines = _nonempty_lines(content)
    if not content.partition(b"\n")[2].strip():
        return Rows(FILE_ROWS.empty_table(), {})
    width = first_line.count(",") + 1
    table, misshapen = _records(content, lines, width) or _records_by_line(content, lines, width)
    shaped = np.setdiff1d(lines, np.fromiter(misshapen, np.int64, len(misshapen)), assume_unique=True)
    return Rows(_file_rows(number, shaped, [table[index] for index in names]), misshapen, content)


def _records(content: bytes, lines: NDArray[np.int64], width: int) -> tuple[pa.Table, dict[int, str]] | None:
    """The file's table and its misshapen lines; nothing where records are not lines (an open quote, a lone CR)."""
    misshapen: dict[int, str] = {}

    def set_aside(row: pa.csv.InvalidRow) -> str:
        misshapen[row.number - 1] = row.text
        return "skip"

    columns = [f"c{index}" for index in range(width)]
    if content.count(b"\r") != content.count(b"\r\n"):
        return None
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(content.split(b"\n", 1)[1]),
            pa.csv.ReadOptions(column_names=columns, use_threads=False, block_size=1 << 24),
            pa.csv.ParseOptions(invalid_row_handler=set_aside, newlines_in_values=False),
            pa.csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return None
    if len(table) + len(misshapen) != len(lines):
        return None
    return table, {int(lines[record]): text for record, text in misshapen.items()}


def _records_by_line(content: bytes, lines: NDArray[np.int64], width: int) -> tuple[pa.Table, dict[int, str]]:
    """The same, slower, each line by itself: a quote that is never closed costs its own line only."""
    physical = content.decode().split("\n")
    shaped: list[list[str]] = []
    misshapen: dict[int, str] = {}
    for line in lines.tolist():
        text = physical[line - 1].removesuffix("\r")
        try:
            values = next(csv.reader([text], strict=True))
        except csv.Error:
            values = []
        if len(values) == width:
            shaped.append(values)
        else:
            misshapen[line] = text
    columns = zip(*shaped, strict=True) if shaped else [()] * width
    return pa.table({f"c{index}": pa.array(column, pa.string()) for index, column in enumerate(columns)}), misshapen


def _text(path: Path) -> bytes:
    """The file's text in UTF-8, bytes that are none replaced by U+FFFD."""
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise UnreadableFile(f"{path.name} is a damaged gzip ({error}); fetch it again") from None
    if not content.strip():
        raise UnreadableFile(f"{path.name} is empty; is the export complete?")
    if b"\0" in content[:4096]:
        raise UnreadableFile(f"{path.name} is not text (it holds NUL bytes); sales come as CSV in UTF-8")
    return content.removeprefix(b"\xef\xbb\xbf").decode(errors="replace").encode()


def _positions(path: Path, header: Sequence[str]) -> list[int]:
    """Where the four columns are."""
    found = [name.lower() for name in header]
    missing = [name for name in COLUMNS if name not in found]
    if missing:
        shown = ", ".join(header)
        raise UnreadableFile(
            f"{path.name} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; "
            f"wanted {', '.join(COLUMNS)}. Received: {shown[:200]}"
        )
    return [found.index(name) for name in COLUMNS]


def _nonempty_lines(content: bytes) -> NDArray[np.int64]:
    """Line numbers, from 2, of the lines after the header that are not empty."""
    text = np.frombuffer(content, np.uint8)
    ends = np.append(np.flatnonzero(text == ord("\n")), len(text))
    starts = np.append(0, ends[:-1] + 1)
    length = ends - starts
    length -= (length > 0) & (text[ends - 1] == ord("\r"))
    numbers = np.flatnonzero(length > 0) + 1
    return numbers[numbers > 1]


def _parquet(path: Path, number: int) -> Rows:
    try:
        schema = pa.parquet.read_schema(path)
        names = [schema.names[index] for index in _positions(path, schema.names)]
        table = pa.parquet.read_table(path, columns=names)
        texts = [_map(table[name], _as_text, pa.string()) for name in names]
    except (pa.ArrowException, OSError, OverflowError) as error:
        raise UnreadableFile(f"{path.name} is not a Parquet file that can be read ({_line(error)})") from None
    return Rows(_file_rows(number, np.arange(1, len(table) + 1), texts), {})


def _as_text(value: Any) -> str | None:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return None if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)


def _file_rows(number: int, lines: NDArray[np.int64], texts: Sequence[Any]) -> pa.Table:
    return pa.table([pa.array(np.full(len(lines), number, np.int32)), pa.array(lines), *texts], schema=FILE_ROWS)


def _map(column: pa.ChunkedArray, function: Callable[[Any], Any], kind: pa.DataType) -> Any:
    encoded = column.combine_chunks().dictionary_encode()
    return pa.array([function(value) for value in encoded.dictionary.to_pylist()], kind).take(encoded.indices)


def _line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
