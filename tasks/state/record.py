"""Records: the frozen models that steps, files and the command line exchange. An undefined number is null in them."""

import json
import math
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator


def defined_or_none(value: Any) -> Any:
    """The value, or `None` where it is NaN or infinite: the one place where undefined numbers become null."""
    return None if isinstance(value, float | np.floating) and not math.isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(defined_or_none)]
"""A number, or `None` where it is undefined: NaN and infinity become `None`."""


def or_nan(value: float | None) -> float:
    """The number to reckon with: NaN where a record has `None`."""
    return math.nan if value is None else value


class Record(BaseModel):
    """A part of a document. It is frozen, can be made from any object with its attributes, and refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True, ser_json_inf_nan="null")

    def to_bytes(self) -> bytes:
        """The record as indented JSON text, as it is kept in files."""
        return (self.model_dump_json(indent=1) + "\n").encode()


class Document(Record):
    """A record that is written whole, to a file or to stdout, and says which layout it has.

    A change of the layout that old readers cannot read gives a subclass another `schema_version`.

    Attributes:
        schema_version: Version of the layout. Reading a document of another version raises `ValidationError`.
    """

    schema_version: Literal[1] = 1

    @model_validator(mode="before")
    @classmethod
    def _of_this_version(cls, values: Any) -> Any:
        known = cls.model_fields["schema_version"].default
        received = values.get("schema_version", known) if isinstance(values, dict) else known
        if received != known:
            raise ValueError(f"schema_version must be {known}; received {received!r}, of another shelfcast version")
        return values


def to_json(value: Any) -> bytes:
    """Indented JSON text of plain values, as hashes are taken of it; NaN is an error."""
    return (json.dumps(value, indent=1, allow_nan=False) + "\n").encode()
