"""A chunk's columns in our notation: what is read as the feed says, what is left, and what is set."""

import pyarrow as pa

from tasks.ingest.reading.chunk import each_text, normalise
from tasks.ingest.reading.feed import Feed

COLUMNS = {
    name: pa.array(values).dictionary_encode()
    for name, values in {"date": ["05.01.2026", "06.01.2026"], "store": ["1", "1"], "sales": ["1,5", "2"]}.items()
}
FEED = Feed(date_format="%d.%m.%Y", decimal=",", set={"item": "all"})


def texts(typed: tuple[str, ...]) -> dict[str, list[str]]:
    return {name: column.to_pylist() for name, column in normalise(COLUMNS, 2, FEED, typed).items()}


def test_dates_and_numbers_are_read_as_the_feed_says_and_constants_are_set() -> None:
    assert texts(()) == {
        "date": ["2026-01-05", "2026-01-06"],
        "store": ["1", "1"],
        "item": ["all", "all"],
        "sales": ["1.5", "2"],
    }


def test_columns_with_types_are_left() -> None:
    assert texts(("date", "sales"))["date"] == ["05.01.2026", "06.01.2026"]


def test_each_distinct_text_is_converted_once() -> None:
    seen: list[str] = []
    each_text(COLUMNS["store"], lambda text: seen.append(text) or text)
    assert seen == ["1"]
