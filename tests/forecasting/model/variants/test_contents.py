"""What a file holds is read back from its bytes, however it stores it."""

import numpy as np
import pytest

from tasks.forecasting.model.lstm import Weights
from tasks.forecasting.model.variants import integer, litert
from tasks.forecasting.model.variants.contents import OPERATIONS, operations, zeros
from tasks.forecasting.model.variants.plan import Storage
from tasks.forecasting.model.variants.prune import prune


def drawn(units: int) -> Weights:
    random = np.random.default_rng(units)
    shapes = [(1, 4 * units), (units, 4 * units), (4 * units,), (units, 1), (1,)]
    return Weights(*(random.normal(0, 0.4, shape).astype(np.float32) for shape in shapes))


def made(weights: Weights, storage: Storage) -> bytes:
    if storage == "full-int8":
        return integer.write(weights, integer.calibrate(weights, np.ones((3, 14, 1), np.float32)))
    return litert.write(weights, storage)


@pytest.mark.parametrize("storage", OPERATIONS)
def test_operations_are_those_of_the_storage(storage: Storage) -> None:
    assert operations(made(drawn(4), storage)) == OPERATIONS[storage]


@pytest.mark.parametrize("storage", ["float32", "float16"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_zeros_of_each_kernel_are_counted(storage: Storage, share: float) -> None:
    weights = prune(drawn(8), share)
    assert zeros(made(weights, storage)) == {
        name: pytest.approx(1 - np.count_nonzero(array) / array.size)
        for name, array in (("kernel", weights.kernel), ("recurrent", weights.recurrent), ("head", weights.head))
    }


@pytest.mark.parametrize("storage", ["int8", "full-int8"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_integers_have_the_zeros_of_the_weights_and_those_that_round_to_zero(storage: Storage, share: float) -> None:
    found = zeros(made(prune(drawn(8), share), storage))
    assert set(found) == {"kernel", "recurrent", "head"}
    assert all(share <= each <= share + 0.15 for each in found.values())


def test_each_kernel_is_counted_by_itself() -> None:
    weights = drawn(8)
    for name in ("kernel", "recurrent", "head"):
        one = Weights(*(0 * array if array is getattr(weights, name) else array for array in weights.arrays))
        found = zeros(made(one, "float16"))
        assert {each for each, share in found.items() if share == 1} == {name}
