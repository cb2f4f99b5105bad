"""INT8: every weight within half a step, zeros exact."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasks.forecasting.data.panel import Floats32
from tasks.forecasting.model.lstm import Weights
from tasks.forecasting.model.variants.quantize import by_gate, halve, simulate, symmetric

KERNELS = arrays(np.float32, st.integers(1, 30), elements=st.floats(-100, 100, width=32, allow_subnormal=False))


@given(KERNELS)
def test_integers_times_scale_are_within_half_a_step(kernel: Floats32) -> None:
    integers, scale = symmetric(kernel)
    assert integers.dtype == np.int8 and integers.min() >= -127
    assert np.abs(integers * scale - kernel).max() <= 0.5001 * scale
    assert (integers[kernel == 0] == 0).all()


def test_symmetric_by_hand() -> None:
    integers, scale = symmetric(np.array([-1.27, 0.0, 0.01, 0.635], dtype=np.float32))
    assert scale == pytest.approx(0.01)
    assert integers.tolist() == [-127, 0, 1, 64]


def test_all_zeros_stay_zeros() -> None:
    integers, scale = symmetric(np.zeros((3, 4), dtype=np.float32))
    assert not integers.any() and scale > 0


def weights(*values: Floats32) -> Weights:
    return Weights(*(np.asarray(value, dtype=np.float32) for value in values))


@given(st.lists(KERNELS, min_size=5, max_size=5))
def test_simulated_weights_are_within_a_step(values: list[Floats32]) -> None:
    """One step and not half of one: the zero point is rounded too."""
    before = weights(*values)
    for one, two in zip(before.arrays, simulate(before).arrays, strict=True):
        assert two.dtype == np.float32 and two.shape == one.shape
        assert np.abs(two - one).max() <= 1.01 * np.ptp(one.astype(float)) / 255 + 1e-6 * np.abs(one).max()


def test_simulated_by_hand() -> None:
    """-1 to 1.55 in 255 steps of 0.01, zero at step 100."""
    array = np.array([-1.0, 1.55, 0.004, 0.006, 0.0], dtype=np.float32)
    np.testing.assert_allclose(simulate(weights(*[array] * 5)).kernel, [-1.0, 1.55, 0.0, 0.01, 0.0], atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.37, -0.37, 12.5])
def test_a_constant_survives_the_simulation(value: float) -> None:
    """Such as the head's bias, which is one number."""
    one = np.array([value], dtype=np.float32)
    assert simulate(weights(*[one] * 5)).head_bias.tolist() == one.tolist()


def test_halving_rounds_the_recurrent_kernels_only() -> None:
    before = weights(*[np.array([[1 + 2**-12, 0.5, 0.0]])] * 5)
    after = halve(before)
    np.testing.assert_array_equal(after.recurrent, np.float32([[1, 0.5, 0]]))
    for name in ("kernel", "bias", "head", "head_bias"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


def test_gates_are_rows_of_units() -> None:
    """Two inputs, one unit: Keras' columns are gates."""
    kernel = np.arange(8, dtype=np.float32).reshape(2, 4)
    assert [gate.tolist() for gate in by_gate(kernel)] == [[[0, 4]], [[1, 5]], [[2, 6]], [[3, 7]]]
