"""The JSON of promotions and rollbacks."""

import json
from collections.abc import Sequence

import pytest

from tasks.promote.result import Delivery, PromotionResult, gets, rolled_back, stays
from tasks.state.ledger import Champion


def test_the_result_is_the_command_lines_json() -> None:
    delivery = Delivery(store="1", release="r", variant="v", previous=None, state="promoted", reason="why")
    second = delivery.model_copy(update={"store": "2"})
    result = json.loads(PromotionResult(release="r", wave="canary", stores=(delivery, second)).model_dump_json())
    assert set(result) == {"schema_version", "release", "wave", "stores", "undelivered"}
    assert (result["release"], result["wave"], [each["store"] for each in result["stores"]]) == (
        "r",
        "canary",
        ["1", "2"],
    )
    assert set(result["stores"][0]) == {"store", "release", "variant", "previous", "state", "reason"}


@pytest.mark.parametrize(("releases", "release"), [(("a", "a"), "a"), (("a", "b"), None), ((), None)])
def test_a_rollback_names_the_release_that_all_stores_run_now(releases: Sequence[str], release: str | None) -> None:
    champions = [Champion(each, "v") for each in releases]
    deliveries = [gets(str(store), each, None, "rolled back", "why") for store, each in enumerate(champions)]
    assert rolled_back(deliveries, ()).release == release


def test_only_if_no_store_got_anything_all_are_held() -> None:
    held = stays("1", None, "held", "why")
    assert held.previous is None and held.variant is None
    assert rolled_back([held], ()).all_held and not rolled_back([], ()).all_held
    assert not rolled_back([held, stays("2", Champion("a", "v"), "unchanged", "why")], ()).all_held
