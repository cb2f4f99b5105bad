"""JSON schemas by name: what is written keeps to them."""

import json
from importlib import import_module

import pytest

from flows.cli.console import UsageError
from flows.cli.schemas import MODELS, model, schema
from tasks.state.record import Document
from tests.support.manifests import manifest


@pytest.mark.parametrize("name", MODELS)
def test_every_document_has_a_schema_with_its_version(name: str) -> None:
    described = json.loads(schema(name))
    assert issubclass(model(name), Document)
    assert described["properties"]["schema_version"]["const"] == model(name).model_fields["schema_version"].default
    assert described["additionalProperties"] is False


def test_the_schema_names_every_key_of_a_manifest() -> None:
    described, written = json.loads(schema("manifest")), json.loads(manifest().model_dump_json())
    assert set(described["properties"]) == set(written)
    variant = described["$defs"]["VariantRecord"]
    assert set(variant["properties"]) == set(written["variants"][0])
    assert variant["properties"]["mape"]["description"] == "mean absolute percentage error, in percent"


def test_an_unknown_name_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"NAME must be one of: ingest, .*, manifest, retrain, .* Received: manifesto"):
        schema("manifesto")


def test_a_module_is_named_by_where_it_is() -> None:
    for path in MODELS.values():
        module, _, name = path.partition(":")
        assert getattr(import_module(module), name).__module__ == module
