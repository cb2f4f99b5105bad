import json
import math

import numpy as np
import pytest
from pydantic import ValidationError

from tasks.state.record import Document, Number, Record


class Part(Record):
    mape: Number
    by_store: dict[str, Number]


class Whole(Document):
    part: Part


class Later(Document):
    schema_version: int = 2


@pytest.mark.parametrize("undefined", [math.nan, math.inf, -math.inf, np.float32("nan"), np.float64("inf"), None])
def test_an_undefined_number_is_null(undefined: float | None) -> None:
    part = Part(mape=undefined, by_store={"1": undefined})
    assert part == Part(mape=None, by_store={"1": None})
    assert part.model_dump_json() == '{"mape":null,"by_store":{"1":null}}'


@pytest.mark.parametrize("number", [0.5, np.float32(0.5), np.float64(0.5)])
def test_a_number_of_numpy_is_a_plain_number(number: float) -> None:
    assert type(Part(mape=number, by_store={}).mape) is float


def test_a_document_says_its_version_first_and_comes_back_as_it_was() -> None:
    whole = Whole(part=Part(mape=1.5, by_store={}))
    assert next(iter(json.loads(whole.to_bytes()))) == "schema_version"
    assert Whole.model_validate_json(whole.to_bytes()) == whole


def test_a_document_of_another_version_is_refused_in_words() -> None:
    with pytest.raises(ValidationError, match="schema_version must be 1; received 2, of another shelfcast version"):
        Whole.model_validate_json('{"schema_version": 2, "part": {"mape": 1.5, "by_store": {}}}')


def test_each_document_has_its_own_version() -> None:
    assert Later.model_validate_json('{"schema_version": 2}') == Later()
    with pytest.raises(ValidationError, match="schema_version must be 2; received 1"):
        Later.model_validate_json('{"schema_version": 1}')


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Part.model_validate({"mape": 1.0, "by_store": {}, "mope": 2.0})


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Part(mape=1.0, by_store={}).mape = 2.0  # type: ignore[misc]
