"""Columns: how one retailer's export is written, and its header and values read as ours. Nothing here reads a file."""

import csv
import re
from collections.abc import Sequence
from datetime import date, datetime, time

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

COLUMNS = ("date", "store", "item", "sales")
DELIMITERS = (",", ";", "\t", "|")
"""What `auto` looks for in a header line."""

_PROBES = (date(2023, 11, 28), date(2024, 2, 9))
_UNSEPARATED = re.compile(r"%[a-zA-Z]%[a-zA-Z]")
_SWAPPED = str.maketrans(",.", ".,")


class WrongColumns(ValueError):
    """A header that lacks a wanted column, or has it twice."""


class Feed(BaseModel):
    """How one retailer's export is written. The defaults read CSV with our columns, ISO dates and a decimal point.

    Nothing is guessed but the delimiter, from the header line. Codes of stores and items stay text as they stand.
    Parquet has its own types: there only texts are read by `date_format` and `decimal`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    map: dict[str, str] = Field({}, description="our column -> the file's, in any case; others have our names")
    set: dict[str, str] = Field({}, description="our column -> its value in each row, ISO if a date; hides the file's")
    delimiter: str = Field("auto", description="one ASCII character; auto: that of the header among , ; tab |")
    decimal: str = Field(".", description="decimal mark of sales, . or ,")
    date_format: str = Field("iso", description="iso, or a strptime format such as %d.%m.%Y")
    encoding: str = Field("utf-8", description="of text files, by Python's name; undecodable bytes become U+FFFD")

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
        """The file's column of each of ours that is not set."""
        return {name: self.map.get(name, name) for name in COLUMNS if name not in self.set}

    def with_columns(self, columns: dict[str, str], constants: dict[str, str]) -> "Feed":
        """The same with other columns mapped and set; what is mapped here is no longer set, and the other way round.

        Raises:
            pydantic.ValidationError: For a column that we do not have, or one that is mapped and set.
        """
        mapped = {name: theirs for name, theirs in self.map.items() if name not in constants} | columns
        fixed = {name: value for name, value in self.set.items() if name not in columns} | constants
        return Feed(**{**self.model_dump(), "map": mapped, "set": fixed})

    def positions(self, header: Sequence[str]) -> list[int]:
        """Where each wanted column is in a header.

        Raises:
            WrongColumns: If one is missing or there twice, with what was wanted and what came.
        """
        found = [name.strip().lower() for name in header]
        names = [name.lower() for name in self.wanted.values()]
        if wrong := [theirs for theirs in self.wanted.values() if theirs.lower() not in found]:
            fault = f"lacks the column{'s' * (len(wrong) > 1)} {', '.join(wrong)}"
        elif wrong := [theirs for theirs in self.wanted.values() if found.count(theirs.lower()) > 1]:
            fault = f"has the column {wrong[0]} twice"
        else:
            return [found.index(name) for name in names]
        wanted = [theirs + f" ({ours})" * (theirs.lower() != ours) for ours, theirs in self.wanted.items()]
        shown = "".join(sign if sign.isprintable() else "\ufffd" for sign in ", ".join(header)[:200])
        raise WrongColumns(f"{fault}; wanted {', '.join(wanted)}. Received: {shown}")

    def header(self, line: str) -> tuple[str, list[str]]:
        """The delimiter of a header line and the names in it.

        `auto` takes the delimiter that shows all wanted columns, else the one that shows most columns.
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
        """A date in ISO; a text that is not in the declared format can then be no date."""
        if self.date_format == "iso" or not (text and text.strip()):
            return text
        day = _day(text.strip(), self.date_format)
        return f"{text} (not {self.date_format})" if day is None else day.isoformat()

    def number(self, text: str | None) -> str | None:
        """A number with a decimal point; a point that stood there becomes a comma, which no number has."""
        return text if self.decimal == "." or text is None else text.translate(_SWAPPED)


def _day(text: str, form: str) -> date | None:
    """The day that a text names in a format; ASCII digits only, and all of them where nothing separates two numbers."""
    if any(sign.isdecimal() and not sign.isascii() for sign in text):
        return None
    try:
        moment = datetime.strptime(text, form)
    except (ValueError, re.error):
        return None
    if moment.time() != time() or (_UNSEPARATED.search(form) and moment.strftime(form).lower() != text.lower()):
        return None
    return moment.date()


def _names(line: str, delimiter: str) -> list[str]:
    try:
        fields = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        fields = line.split(delimiter)
    return [re.sub(r'^"(.*)"$', r"\1", name.strip()).strip() for name in fields]
