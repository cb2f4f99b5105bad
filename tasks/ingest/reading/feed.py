"""A feed: how one retailer's export is written, and how its header and values become ours. No file is read here."""

import csv
import re
from collections.abc import Sequence
from datetime import date, datetime, time

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

COLUMNS = ("date", "store", "item", "sales")
DELIMITERS = (",", ";", "\t", "|")
"""Delimiters that `auto` looks for in a header line."""

_PROBES = (date(2023, 11, 28), date(2024, 2, 9))
_UNSEPARATED = re.compile(r"%[a-zA-Z]%[a-zA-Z]")
REPLACEMENT = "\ufffd"
_SWAPPED = str.maketrans(",.", ".,")


USUAL_NAMES = {
    "date": ("ds", "day", "datum", "dt"),
    "store": ("shop", "store_nbr", "store_id", "filiale"),
    "item": ("sku", "product", "item_nbr", "item_id", "article", "artikel"),
    "sales": ("y", "units", "qty", "quantity", "unit_sales", "absatz"),
}
"""Names that exports often have for our columns: proposed where a column is missing, never assumed."""


class WrongColumns(ValueError):
    """A header that lacks a wanted column, or has it twice."""


class Feed(BaseModel):
    """How one retailer's export is written. The defaults read CSV with our columns, ISO dates and a decimal point.

    Only the delimiter is guessed, from the header line. Codes of stores and items stay text, exactly as written.
    Parquet columns have types: `date_format` and `decimal` apply to text columns only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    map: dict[str, str] = Field(
        {}, description="our column -> the file's name for it, in any case; columns not listed have our names"
    )
    set: dict[str, str] = Field(
        {}, description="our column -> its value in every row, ISO if a date; a column of the file is then ignored"
    )
    delimiter: str = Field("auto", description="one ASCII character; auto: whichever of , ; tab | the header uses")
    decimal: str = Field(".", description="decimal mark of the sales, . or ,")
    date_format: str = Field("iso", description="iso, or a strptime format such as %d.%m.%Y")
    encoding: str = Field("utf-8", description="Python's name of the text encoding; undecodable bytes become U+FFFD")

    @field_validator("map", "set")
    @classmethod
    def _ours(cls, columns: dict[str, str]) -> dict[str, str]:
        for ours, text in columns.items():
            if ours not in COLUMNS:
                raise ValueError(f"there is no column {ours!r} to map or set; ours are {', '.join(COLUMNS)}")
            if not text.strip():
                raise ValueError(f"the column {ours} is mapped or set to nothing; give it a name or a value")
        return {ours: text.strip() for ours, text in columns.items()}

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, mark: str) -> str:
        if mark != "auto" and (len(mark) != 1 or not mark.isascii() or mark.isalnum() or mark in '"\r\n\0'):
            raise ValueError(f"a delimiter is auto or one ASCII sign, no letter, digit or quote. Received: {mark!r}")
        return mark

    @field_validator("decimal")
    @classmethod
    def _decimal_mark(cls, mark: str) -> str:
        if mark not in (".", ","):
            raise ValueError(f"a decimal mark is . or , . Received: {mark!r}")
        return mark

    @field_validator("date_format")
    @classmethod
    def _whole_day(cls, form: str) -> str:
        if form != "iso" and any(_day(f"{day:{form}}", form) != day for day in _PROBES):
            raise ValueError(
                f"a date format is iso or names day, month and year, such as %d.%m.%Y, and no more. Received: {form!r}"
            )
        return form

    @field_validator("encoding")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            "a".encode(name)
        except (LookupError, UnicodeError, ValueError):
            raise ValueError(f"there is no text encoding {name!r}; utf-8, cp1252 and utf-16 are some") from None
        return name

    @model_validator(mode="after")
    def _each_column_once(self) -> "Feed":
        if both := [name for name in COLUMNS if name in self.map and name in self.set]:
            raise ValueError(f"the column {both[0]} is mapped to {self.map[both[0]]!r} and set too; do one of the two")
        if not self.wanted:
            raise ValueError("all four columns are set, so a file says nothing; take one away")
        names = [name.lower() for name in self.wanted.values()]
        if twice := [name for name in names if names.count(name) > 1]:
            ours = [name for name, theirs in self.wanted.items() if theirs.lower() == twice[0]]
            raise ValueError(f"{' and '.join(ours)} are both read from the column {twice[0]!r}; map one elsewhere")
        return self

    @property
    def wanted(self) -> dict[str, str]:
        """The file's name of each of our columns that is not set to a constant."""
        return {name: self.map.get(name, name) for name in COLUMNS if name not in self.set}

    def with_columns(self, columns: dict[str, str], constants: dict[str, str]) -> "Feed":
        """This feed with further columns mapped and set; a column mapped here is no longer set, and vice versa.

        Args:
            columns: Our column -> the file's name for it.
            constants: Our column -> its value in every row.

        Raises:
            pydantic.ValidationError: If we have no such column, or one is both mapped and set.
        """
        mapped = {name: theirs for name, theirs in self.map.items() if name not in constants} | columns
        fixed = {name: value for name, value in self.set.items() if name not in columns} | constants
        return Feed(**{**self.model_dump(), "map": mapped, "set": fixed})

    def positions(self, header: Sequence[str]) -> list[int]:
        """Where each wanted column is in a header.

        Raises:
            WrongColumns: If a column is missing or appears twice; the message shows the header and how to map columns.
        """
        names = [name.strip().lower() for name in header]
        wanted = {ours: theirs.lower() for ours, theirs in self.wanted.items()}
        if missing := [ours for ours, theirs in wanted.items() if theirs not in names]:
            raise WrongColumns(f"lacks {self._named(missing)}. {_received(header)}. {_remedy(missing, names)}")
        if twice := [ours for ours, theirs in wanted.items() if names.count(theirs) > 1]:
            raise WrongColumns(f"has {self._named(twice[:1])} twice. {_received(header)}. {_remedy(twice[:1], [])}")
        return [names.index(theirs) for theirs in wanted.values()]

    def _named(self, columns: Sequence[str]) -> str:
        """Columns by the names that the file should have, with shelfcast's name where that is another."""
        theirs = {ours: self.wanted[ours] for ours in columns}
        names = [name if name.lower() == ours else f"{name} ({ours})" for ours, name in theirs.items()]
        return f"the {'column' if len(names) == 1 else 'columns'} {', '.join(names)}"

    def header(self, line: str) -> tuple[str, list[str]]:
        """The delimiter of a header line and the names in it.

        `auto` chooses the delimiter that yields all wanted columns, otherwise the one that yields most columns.
        """
        marks = DELIMITERS if self.delimiter == "auto" else (self.delimiter,)
        names = {mark: _names(line, mark) for mark in marks}
        best = max(marks, key=lambda mark: (self._has_all(names[mark]), len(names[mark])))
        return best, names[best]

    def _has_all(self, header: list[str]) -> bool:
        try:
            return bool(self.positions(header))
        except WrongColumns:
            return False

    def day(self, text: str | None) -> str | None:
        """A date in ISO. A text in another format than the declared one is marked, so that no later rule reads it."""
        if self.date_format == "iso" or not (text and text.strip()):
            return text
        day = _day(text.strip(), self.date_format)
        return f"{text} (not {self.date_format})" if day is None else day.isoformat()

    def number(self, text: str | None) -> str | None:
        """A number with a decimal point. A point in the text becomes a comma, so that 1.234 is not read as 1,234."""
        return text if self.decimal == "." or text is None else text.translate(_SWAPPED)


def _day(text: str, form: str) -> date | None:
    """The day that a text names, in ASCII digits; a format without separators asks for all digits."""
    if any(sign.isdecimal() and not sign.isascii() for sign in text):
        return None
    try:
        moment = datetime.strptime(text, form)
    except (ValueError, re.error):
        return None
    if moment.time() != time() or (_UNSEPARATED.search(form) and moment.strftime(form).lower() != text.lower()):
        return None
    return moment.date()


def _received(header: Sequence[str]) -> str:
    text = ", ".join(header)[:200]
    return f"Received: {''.join(sign if sign.isprintable() else REPLACEMENT for sign in text)}"


def _remedy(columns: Sequence[str], names: Sequence[str]) -> str:
    """How to say which of the file's columns, given in lower case, are ours; usual names are proposed."""
    proposed = {ours: next((name for name in USUAL_NAMES[ours] if name in names), "...") for ours in columns}
    mapped = f"Name the file's columns with --map {','.join(f'{ours}={theirs}' for ours, theirs in proposed.items())}"
    unknown = [ours for ours, theirs in proposed.items() if theirs == "..." and ours != "sales"]
    return f"{mapped}, or set one value for all rows with --set {unknown[-1]}=..." if unknown else mapped


def _names(line: str, delimiter: str) -> list[str]:
    try:
        fields = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        fields = line.split(delimiter)
    return [re.sub(r'^"(.*)"$', r"\1", name.strip()).strip() for name in fields]
