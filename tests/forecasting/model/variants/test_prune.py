"""Pruning: the smallest weights of each kernel, and nothing else."""

import numpy as np
import pytest

from tasks.forecasting.model.lstm import Weights
from tasks.forecasting.model.variants.prune import prune
from tests.forecasting.model.kernels import sparsity


def drawn(units: int = 8, seed: int = 0) -> Weights:
    random = np.random.default_rng(seed)
    shapes = [(1, 4 * units), (units, 4 * units), (4 * units,), (units, 1), (1,)]
    return Weights(*(random.normal(size=shape).astype(np.float32) for shape in shapes))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.7, 1.0])
def test_each_kernel_loses_its_smallest_weights(share: float) -> None:
    weights = drawn()
    pruned = prune(weights, share)
    for name in ("kernel", "recurrent", "head"):
        before, after = getattr(weights, name), getattr(pruned, name)
        gone = after == 0
        assert gone.sum() == np.ceil(share * before.size)
        assert np.abs(before[gone]).max(initial=0) < np.abs(before[~gone]).min(initial=np.inf)
        np.testing.assert_array_equal(after[~gone], before[~gone])
    assert sparsity(pruned) == pytest.approx(share, abs=0.02)


def test_by_hand() -> None:
    weights = drawn(units=1)
    kernel = np.array([[0.1, -3.0, 0.2, -0.05]], dtype=np.float32)
    pruned = prune(Weights(kernel, *weights.arrays[1:]), 0.5)
    np.testing.assert_array_equal(pruned.kernel, np.float32([[0, -3.0, 0.2, 0]]))


def test_biases_stay() -> None:
    pruned = prune(drawn(), 0.9)
    np.testing.assert_array_equal(pruned.bias, drawn().bias)
    np.testing.assert_array_equal(pruned.head_bias, drawn().head_bias)


def test_equal_weights_are_pruned_to_the_share_too() -> None:
    """A threshold would take all of them or none."""
    weights = drawn()
    level = Weights(*(np.ones_like(array) for array in weights.arrays))
    assert sparsity(prune(level, 0.5)) == pytest.approx(0.5)


def test_the_weights_given_are_not_changed() -> None:
    weights = drawn()
    prune(weights, 0.5)
    assert sparsity(weights) == 0


def test_more_zeros_contain_fewer() -> None:
    half, most = prune(drawn(), 0.5), prune(drawn(), 0.7)
    assert (most.recurrent[half.recurrent == 0] == 0).all()
