"""CSV as chunks: text in any encoding, plain or compressed, block by block. A bad line costs that line only."""

import codecs
import csv
import gzip
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from tasks.ingest.reading.chunk import Chunk, Ints, UnreadableFile, normalise
from tasks.ingest.reading.feed import Feed, WrongColumns

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
"""First bytes of compressed files; a file's name says nothing of it."""

BLOCK = 1 << 24
"""Bytes of text in a chunk, and the longest line that is allowed."""

csv.field_size_limit(2 * BLOCK)  # by default Python's csv refuses a field of 128 kB, which pyarrow reads


def chunks(path: Path, feed: Feed) -> Iterator[Chunk]:
    """Read the rows of a CSV file, whose first line is the header.

    Raises:
        UnreadableFile: If the file is empty, damaged or not text, or lacks a column that the feed names.
    """
    blocks = _blocks(path, feed.encoding)
    start = next(blocks, b"")
    if not start.strip():
        deque(blocks, 0)  # raises if the file is blank to its end
    head, _, block = start.partition(b"\n")
    delimiter, header = feed.header(head.decode().rstrip("\r"))
    try:
        wanted = dict(zip(feed.wanted, feed.positions(header), strict=True))
    except WrongColumns as error:
        raise UnreadableFile(f"{path.name} {error}") from None
    first = 2
    while block or (block := next(blocks, b"")):
        ends = block.count(b"\n")
        yield _chunk(block, first, ends + (not block.endswith(b"\n")), wanted, (len(header), delimiter), feed)
        first += ends
        block = b""


def _chunk(block: bytes, first: int, count: int, wanted: dict[str, int], shape: tuple[int, str], feed: Feed) -> Chunk:
    """The rows of a block.

    Args:
        block: Text of whole lines.
        first: Number of the block's first line.
        count: Number of lines in the block.
        wanted: Position in the header of each wanted column.
        shape: Number of columns, and the delimiter.
        feed: How the file is written.
    """
    lines = np.arange(first, first + count)
    found = _records(block, count, *shape)
    if found is None:
        lines = _nonempty_lines(block, first)
        found = _records(block, len(lines), *shape, skip=True) or _records_by_line(block, lines - first, *shape)
    table, bad = found
    shaped = np.delete(lines, bad) if bad else lines
    columns = {name: _encoded(table[f"c{index}"]) for name, index in wanted.items()}
    return Chunk(
        shaped, normalise(columns, len(shaped), feed, typed=()), lines[bad], lambda some: _raw(block, some - first)
    )


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    whole = column.unify_dictionaries().combine_chunks()
    return whole if isinstance(whole, pa.DictionaryArray) else whole.dictionary_encode()


def _records(
    block: bytes, lines: int, width: int, delimiter: str, skip: bool = False
) -> tuple[pa.Table, list[int]] | None:
    """The table of a block and the places of its misshapen lines; `None` unless each line is one record.

    Args:
        block: Text of whole lines.
        lines: Number of lines in the block.
        width: Number of columns.
        delimiter: What separates the columns.
        skip: Whether misshapen lines are set aside, which is slower. Defaults to `False`: nearly no block has any.
    """
    bad: list[int] = []

    def set_aside(row: pa.csv.InvalidRow) -> str:
        bad.append(row.number - 1)
        return "skip"

    if _misread(block, delimiter):
        return None
    try:
        table = _parsed(block, width, delimiter, set_aside if skip else None)
    except pa.ArrowInvalid:
        return None
    return (table, bad) if len(table) + len(bad) == lines else None


def _misread(block: bytes, delimiter: str) -> bool:
    """Whether pyarrow may read a block differently from reading it line by line.

    Pyarrow ends a line at a lone CR, drops a byte order mark at the start, and closes a quote that is open at the end.
    """
    if block.startswith(codecs.BOM_UTF8) or (b"\r" in block and block.count(b"\r") != block.count(b"\r\n")):
        return True
    end = len(block.rstrip(b"\r\n"))
    last = block[block.rfind(b"\n", 0, end) + 1 : end]
    return b'"' in last and not _values(last.decode(), delimiter)


def _parsed(block: bytes, width: int, delimiter: str, set_aside: Any) -> pa.Table:
    columns = [f"c{index}" for index in range(width)]
    kinds = dict.fromkeys(columns, pa.dictionary(pa.int32(), pa.string()))
    return pa.csv.read_csv(
        pa.BufferReader(block),
        # with threads, pyarrow does not report the numbers of bad rows
        pa.csv.ReadOptions(column_names=columns, use_threads=set_aside is None, block_size=BLOCK >> 2),
        # otherwise pyarrow closes a quote that is open where one of its own blocks ends
        pa.csv.ParseOptions(delimiter=delimiter, invalid_row_handler=set_aside, newlines_in_values=b'"' in block),
        pa.csv.ConvertOptions(column_types=kinds, strings_can_be_null=False),
    )


def _records_by_line(block: bytes, lines: Ints, width: int, delimiter: str) -> tuple[pa.Table, list[int]]:
    """The table of a block and the places of its misshapen lines, read line by line, which is slower.

    A quote that is never closed costs its own line only.

    Args:
        block: Text of whole lines.
        lines: Places in the block of the lines that are not empty.
        width: Number of columns.
        delimiter: What separates the columns.
    """
    physical = block.decode().split("\n")
    shaped: list[list[str]] = []
    bad: list[int] = []
    for number, line in enumerate(lines.tolist()):
        values = _values(physical[line].removesuffix("\r"), delimiter)
        if len(values) == width:
            shaped.append(values)
        else:
            bad.append(number)
    columns = zip(*shaped, strict=True) if shaped else [()] * width
    return pa.table({f"c{index}": pa.array(column, pa.string()) for index, column in enumerate(columns)}), bad


def _values(line: str, delimiter: str) -> list[str]:
    """The values of a line; an empty list if a quote in it stays open or a lone CR ends it."""
    reader = csv.reader([line, ""], delimiter=delimiter)
    try:
        values = next(reader)
    except csv.Error:
        return []
    # with an open quote the reader goes on to the next line
    return values if reader.line_num == 1 else []


def _nonempty_lines(block: bytes, first: int) -> Ints:
    """Numbers of the lines of a block that are not empty; `first` is the number of its first line."""
    starts, ends = _bounds(block)
    length = ends - starts
    length -= (length > 0) & (np.frombuffer(block, np.uint8)[ends - 1] == ord("\r"))
    return np.flatnonzero(length > 0) + first


def _bounds(block: bytes) -> tuple[Ints, Ints]:
    """Where each line of a block starts and ends."""
    ends = np.append(np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n")), len(block))
    return np.append(0, ends[:-1] + 1), ends


def _raw(block: bytes, lines: Ints) -> list[str]:
    starts, ends = _bounds(block)
    return [block[starts[line] : ends[line]].decode().rstrip("\r") for line in lines.tolist()]


def _blocks(path: Path, encoding: str) -> Iterator[bytes]:
    """The file's text in UTF-8, whole lines at a time; undecodable bytes are replaced by U+FFFD.

    Raises:
        UnreadableFile: If the file is empty, damaged or not text.
    """
    rest, blank = b"", True
    for number, buffer in enumerate(_decoded(path, encoding)):
        if not number and b"\0" in buffer[:4096]:
            raise UnreadableFile(f"{path.name} is not text (it holds NUL bytes); sales come as CSV in UTF-8")
        whole, newline, rest = (rest + buffer).rpartition(b"\n")
        if len(rest) > BLOCK:
            raise UnreadableFile(f"{path.name} has a line of over {BLOCK >> 20} MB; is it a CSV file?")
        blank = blank and not (whole.strip() or rest.strip())
        if newline:
            yield _text(whole + newline, encoding)
    if blank:
        raise UnreadableFile(f"{path.name} is empty; is the export complete?")
    if rest:
        yield _text(rest, encoding)


def _text(block: bytes, encoding: str) -> bytes:
    return block if encoding != "utf-8" or block.isascii() else block.decode(errors="replace").encode()


def _decoded(path: Path, encoding: str) -> Iterator[bytes]:
    """The file's content in UTF-8 without its byte order mark; UTF-8 itself is passed on undecoded."""
    buffers = _buffers(path)
    if encoding == "utf-8":
        yield next(buffers, b"").removeprefix(codecs.BOM_UTF8)
        yield from buffers
        return
    decoder, start = codecs.getincrementaldecoder(encoding)("replace"), True
    try:
        for buffer in chain(buffers, [None]):
            text = decoder.decode(buffer or b"", final=buffer is None)
            yield (text.removeprefix("\ufeff") if start else text).encode(errors="replace")
            start = start and not text
    except UnicodeError:
        raise UnreadableFile(f"{path.name} is not text in {encoding}; which encoding is it in?") from None


def _buffers(path: Path) -> Iterator[bytes]:
    """The file's content, decompressed."""
    with path.open("rb") as file:
        start = file.read(len(ZSTD))
        file.seek(0)
        kind = "gzip" if start.startswith(GZIP) else "zstd" if start == ZSTD else ""
        try:
            with _decompressed(file, kind) as opened:
                while buffer := opened.read(BLOCK):
                    yield buffer
        except (OSError, EOFError, zlib.error) as error:
            if not kind:
                raise
            raise UnreadableFile(f"{path.name} is a damaged {kind} ({error}); fetch it again") from None


def _decompressed(file: IO[bytes], kind: str) -> Any:
    if kind == "gzip":
        return gzip.GzipFile(fileobj=file)
    return pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd") if kind else nullcontext(file)
