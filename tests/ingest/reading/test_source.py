"""A source as a parameter: whole in its process, without secrets wherever it is written or printed."""

import json

import pytest
from pydantic import TypeAdapter, ValidationError

from tasks.ingest.reading.source import Source

SECRET = "https://u:s3cret@host/a.csv?sig=s3cret"


def test_it_is_whole_where_it_is_read_only() -> None:
    source = Source(SECRET)
    assert source.root == SECRET
    shown = (str(source), repr(source), f"{[source]}", source.model_dump_json(), json.dumps(source.model_dump()))
    assert [text for text in shown if "s3cret" in text] == []
    assert str(source) == source.model_dump() == "https://host/a.csv"


def test_text_is_a_source() -> None:
    assert TypeAdapter(list[Source]).validate_python(["in/a.csv"]) == [Source("in/a.csv")]


def test_an_error_does_not_tell_it() -> None:
    with pytest.raises(ValidationError) as error:
        TypeAdapter(Source).validate_python([SECRET])
    assert "s3cret" not in str(error.value)
