"""A feed: the files that arrived, read as text. Nothing here writes."""

import csv
import glob
import gzip
import hashlib
import math
import zlib
from collections.abc import Callable, Collection, Iterable, Sequence
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

from tasks.columns import COLUMNS, Feed, WrongColumns

SUFFIXES = (".csv", ".csv.gz", ".csv.zst", ".parquet")
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
"""First bytes of compressed files; a file's name says nothing of it."""

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
        text: The file's text in UTF-8 where it is CSV, else nothing.
        stood: The columns that were read, as they stood in the file, where that is Parquet.
    """

    table: pa.Table
    misshapen: dict[int, str]
    text: bytes = b""
    stood: pa.Table | None = None

    def raw(self, bad: NDArray[np.bool_]) -> list[str]:
        """Some rows as they stood in the file; for Parquet their values."""
        rows = self.table.filter(bad)
        if not self.text:
            stood = rows.select(COLUMNS) if self.stood is None else self.stood.filter(bad)
            texts = [pc.fill_null(column, "") for column in stood.columns]
            return pc.binary_join_element_wise(*texts, ",").to_pylist()
        ends = np.append(np.flatnonzero(np.frombuffer(self.text, np.uint8) == ord("\n")), len(self.text))
        lines = rows["line"].to_numpy()
        spans = zip(ends[lines - 2] + 1, ends[lines - 1], strict=True)
        return [self.text[start:end].decode().rstrip("\r") for start, end in spans]


def find(sources: Iterable[str | Path]) -> list[SourceFile]:
    """The files that sources name, each content once; `files` says how.

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
    """The paths that sources name: files, folders standing for those below them, and patterns such as `in/*.csv`.

    In a pattern `**` stands for any folders; matches that are no files of sales are passed over.

    Raises:
        SourceError: If a source does not exist, holds no file of sales, or is of another kind.
    """
    return [path for source in sources for path in _files(Path(source))]


def _files(source: Path) -> list[Path]:
    if source.is_dir():
        found = _of_sales(source.rglob("*"))
        if not found:
            raise SourceError(f"the folder holds no {', '.join(SUFFIXES)} file: {source}")
        return found
    if not source.exists():
        return _matches(source)
    if not source.name.lower().endswith(SUFFIXES):
        raise SourceError(f"sales come as {', '.join(SUFFIXES)}. Received: {source}")
    return [source]


def _matches(pattern: Path) -> list[Path]:
    if not glob.has_magic(str(pattern)):
        raise SourceError(f"no such file or folder: {pattern}")
    found = [Path(match) for match in glob.iglob(str(pattern), recursive=True)]  # noqa: PTH207  # absolute or not
    inside = [path for folder in found if folder.is_dir() for path in folder.rglob("*")]
    if not (chosen := _of_sales({*found, *inside})):
        raise SourceError(f"no {', '.join(SUFFIXES)} file matches: {pattern}")
    return chosen


def _of_sales(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if path.is_file() and path.name.lower().endswith(SUFFIXES))


def read(path: Path, number: int, feed: Feed = Feed()) -> Rows:  # noqa: B008  # frozen
    """Read one file of a batch as text, dates in ISO and sales with a decimal point.

    Args:
        path: A CSV, plain or in gzip or zstd, or a Parquet file.
        number: Its number in the batch.
        feed: How it is written. Defaults to our own columns in CSV of any delimiter.

    Raises:
        UnreadableFile: If it is empty, damaged, or lacks a column that the feed names.
    """
    rows = _parquet(path, number, feed) if path.name.lower().endswith(".parquet") else _csv(path, number, feed)
    if not len(rows.table) and not rows.misshapen:
        raise UnreadableFile(f"{path.name} has a header and no rows; is the export complete?")
    return rows


def _csv(path: Path, number: int, feed: Feed) -> Rows:
    content = _text(path, feed.encoding)
    delimiter, header = feed.header(content.split(b"\n", 1)[0].decode().rstrip("\r"))
    positions = _positions(path, header, feed)
    lines = _nonempty_lines(content)
    if not content.partition(b"\n")[2].strip():
        return Rows(FILE_ROWS.empty_table(), {})
    shape = len(header), delimiter
    table, misshapen = _records(content, lines, *shape) or _records_by_line(content, lines, *shape)
    shaped = np.setdiff1d(lines, np.fromiter(misshapen, np.int64, len(misshapen)), assume_unique=True)
    return Rows(_file_rows(number, shaped, [table[index] for index in positions], feed), misshapen, content)


def _records(
    content: bytes, lines: NDArray[np.int64], width: int, delimiter: str
) -> tuple[pa.Table, dict[int, str]] | None:
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
            pa.csv.ParseOptions(delimiter=delimiter, invalid_row_handler=set_aside, newlines_in_values=False),
            pa.csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return None
    if len(table) + len(misshapen) != len(lines):
        return None
    return table, {int(lines[record]): text for record, text in misshapen.items()}


def _records_by_line(
    content: bytes, lines: NDArray[np.int64], width: int, delimiter: str
) -> tuple[pa.Table, dict[int, str]]:
    """The same, slower, each line by itself: a quote that is never closed costs its own line only."""
    physical = content.decode().split("\n")
    shaped: list[list[str]] = []
    misshapen: dict[int, str] = {}
    for line in lines.tolist():
        text = physical[line - 1].removesuffix("\r")
        try:
            values = next(csv.reader([text], delimiter=delimiter, strict=True))
        except csv.Error:
            values = []
        if len(values) == width:
            shaped.append(values)
        else:
            misshapen[line] = text
    columns = zip(*shaped, strict=True) if shaped else [()] * width
    return pa.table({f"c{index}": pa.array(column, pa.string()) for index, column in enumerate(columns)}), misshapen


def _text(path: Path, encoding: str) -> bytes:
    """The file's text in UTF-8, bytes that are none replaced by U+FFFD."""
    content = _decompressed(path)
    if encoding != "utf-8":
        content = _in_utf8(path, content, encoding)
    if not content.strip():
        raise UnreadableFile(f"{path.name} is empty; is the export complete?")
    if b"\0" in content[:4096]:
        raise UnreadableFile(f"{path.name} is not text (it holds NUL bytes); sales come as CSV in UTF-8")
    return content.removeprefix(b"\xef\xbb\xbf").decode(errors="replace").encode()


def _decompressed(path: Path) -> bytes:
    content = path.read_bytes()
    try:
        if content.startswith(GZIP):
            return gzip.decompress(content)
        if content.startswith(ZSTD):
            return pa.CompressedInputStream(pa.BufferReader(content), "zstd").read()
    except (OSError, EOFError, zlib.error) as error:
        kind = "gzip" if content.startswith(GZIP) else "zstd"
        raise UnreadableFile(f"{path.name} is a damaged {kind} ({error}); fetch it again") from None
    return content


def _in_utf8(path: Path, content: bytes, encoding: str) -> bytes:
    try:
        return content.decode(encoding, errors="replace").removeprefix("\ufeff").encode(errors="replace")
    except UnicodeError:
        raise UnreadableFile(f"{path.name} is not text in {encoding}; which encoding is it in?") from None


def _positions(path: Path, header: Sequence[str], feed: Feed) -> list[int]:
    try:
        return feed.positions(header)
    except WrongColumns as error:
        raise UnreadableFile(f"{path.name} {error}") from None


def _nonempty_lines(content: bytes) -> NDArray[np.int64]:
    """Line numbers, from 2, of the lines after the header that are not empty."""
    text = np.frombuffer(content, np.uint8)
    ends = np.append(np.flatnonzero(text == ord("\n")), len(text))
    starts = np.append(0, ends[:-1] + 1)
    length = ends - starts
    length -= (length > 0) & (text[ends - 1] == ord("\r"))
    numbers = np.flatnonzero(length > 0) + 1
    return numbers[numbers > 1]


def _parquet(path: Path, number: int, feed: Feed) -> Rows:
    try:
        schema = pa.parquet.read_schema(path)
        names = [schema.names[index] for index in _positions(path, schema.names, feed)]
        table = pa.parquet.read_table(path, columns=names)
        texts = [_map(table[name], _as_text) for name in names]
    except (pa.ArrowException, OSError, OverflowError) as error:
        raise UnreadableFile(f"{path.name} is not a Parquet file that can be read ({_line(error)})") from None
    typed = {ours for ours, name in zip(feed.wanted, names, strict=True) if not _is_text(schema.field(name).type)}
    rows = _file_rows(number, np.arange(1, len(table) + 1), texts, feed, typed)
    return Rows(rows, {}, stood=pa.table(texts, names=list(feed.wanted)))


def _is_text(kind: pa.DataType) -> bool:
    held = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(held) or pa.types.is_large_string(held) or pa.types.is_string_view(held)


def _as_text(value: Any) -> str | None:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return None if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)


def _file_rows(
    number: int, lines: NDArray[np.int64], texts: Sequence[Any], feed: Feed, typed: Collection[str] = ()
) -> pa.Table:
    """Rows of schema `FILE_ROWS`, dates and sales in our writing; values of the columns `typed` are so already."""
    found = dict(zip(feed.wanted, texts, strict=True))
    for name, change, ours in (
        ("date", feed.day, feed.date_format == "iso"),
        ("sales", feed.number, feed.decimal == "."),
    ):
        if name in found and name not in typed and not ours:
            found[name] = _map(found[name], change)
    found |= {name: pa.repeat(value, len(lines)) for name, value in feed.set.items()}
    columns = [found[name] for name in COLUMNS]
    return pa.table([pa.array(np.full(len(lines), number, np.int32)), pa.array(lines), *columns], schema=FILE_ROWS)


def _map(column: Any, function: Callable[[Any], str | None]) -> Any:
    """A column of texts; each distinct value is looked at once."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    encoded = whole if isinstance(whole, pa.DictionaryArray) else whole.dictionary_encode()
    return pa.array([function(value) for value in encoded.dictionary.to_pylist()], pa.string()).take(encoded.indices)


def _line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
