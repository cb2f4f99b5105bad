"""What is wrong with a request: in a deployment's words, and in those of the command line."""

import pytest

from flows.preflight.request import RequestError, named_by
from tasks.forecasting.rollout.waves import require_known


def test_a_parameter_is_an_option_for_people_who_type() -> None:
    error = RequestError("is a day. Received: never", "as_of")
    assert (str(error), error.as_option()) == ("as_of is a day. Received: never", "--as-of is a day. Received: never")
    assert str(RequestError("name one")) == RequestError("name one").as_option() == "name one"


def test_unknown_stores_are_said_with_the_place_that_named_them() -> None:
    with (
        pytest.raises(RequestError, match=r"^stores\.toml names store 9, 8, which has no sales; .*with sales: 1$"),
        named_by("stores.toml"),
    ):
        require_known(["9", "1", "8"], ["1"])
    with pytest.raises(RequestError, match=r"^stores names store 9") as caught, named_by(parameter="stores"):
        require_known(["9"], ["1"])
    assert caught.value.parameter == "stores"
