"""The forecaster's training: repeatable, and pruned weights stay pruned."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from tasks.forecasting.data.panel import WINDOW, Floats32
from tasks.forecasting.model.lstm import Training, Weights, fit
from tasks.forecasting.model.variants.prune import prune
from tests.forecasting.model.kernels import parameters, sparsity

TRAINING = Training(epochs=2, batch=64, learning_rate=1e-2, dropout=0.1)
UNITS = 4


def task(count: int = 300, seed: int = 0) -> tuple[Floats32, Floats32, Floats32]:
    """Windows whose mean is the answer, each counting alike."""
    inputs = np.random.default_rng(seed).normal(size=(count, WINDOW, 1)).astype(np.float32)
    return inputs, inputs.mean(axis=1), np.ones(count, dtype=np.float32)


def loss(weights: Weights, inputs: Floats32, outputs: Floats32, _: Floats32) -> float:
    return float(np.mean((weights(inputs) - outputs) ** 2))


@pytest.fixture(scope="module")
def fitted() -> Weights:
    return fit(*task(), UNITS, TRAINING, seed=1)


def equal(one: Weights, two: Weights) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.arrays, two.arrays, strict=True))


def test_shapes_and_parameters(fitted: Weights) -> None:
    assert [array.shape for array in fitted.arrays] == [(1, 16), (4, 16), (16,), (4, 1), (1,)]
    assert all(array.dtype == np.float32 for array in fitted.arrays)
    assert fitted.units == 4
    assert parameters(fitted) == 16 + 64 + 16 + 4 + 1


def test_the_seed_decides(fitted: Weights) -> None:
    assert equal(fit(*task(), UNITS, TRAINING, seed=1), fitted)
    assert not equal(fit(*task(), UNITS, TRAINING, seed=2), fitted)


def test_it_learns(fitted: Weights) -> None:
    unseen = task(seed=5)
    better = fit(*task(2000), UNITS, Training(epochs=8, batch=64, learning_rate=1e-2), seed=1)
    assert loss(better, *unseen) < 0.2 * float(np.var(unseen[1]))
    assert loss(better, *unseen) < loss(fitted, *unseen)


def test_weights_answer_as_keras_does(fitted: Weights) -> None:
    import keras

    model = keras.Sequential([keras.Input((WINDOW, 1)), keras.layers.LSTM(UNITS), keras.layers.Dense(1)])
    model.set_weights(fitted.arrays)
    inputs, *_ = task(50)
    np.testing.assert_allclose(fitted(inputs), model.predict_on_batch(inputs), atol=1e-5)


def test_training_resumes_from_the_weights_given(fitted: Weights) -> None:
    barely = Training(epochs=1, batch=300, learning_rate=1e-6)
    moved = fit(*task(), UNITS, barely, seed=9, start=fitted)
    assert not equal(moved, fitted)
    for one, two in zip(moved.arrays, fitted.arrays, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)


def test_pruned_weights_stay_exactly_zero_while_the_others_move(fitted: Weights) -> None:
    pruned = prune(fitted, 0.5)
    tuned = fit(*task(), UNITS, TRAINING, seed=3, start=pruned)
    for name in ("kernel", "recurrent", "head"):
        before, after = getattr(pruned, name), getattr(tuned, name)
        assert (after[before == 0] == 0).all(), name
        assert (after[before != 0] != before[before != 0]).all(), name
    assert not np.array_equal(tuned.bias, pruned.bias)
    assert sparsity(tuned) == sparsity(pruned)


def test_saved_weights_come_back(fitted: Weights, tmp_path: Path) -> None:
    (tmp_path / "weights.npz").write_bytes(fitted.to_bytes())
    assert equal(Weights.load(tmp_path / "weights.npz"), fitted)


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"batch": 0}, {"learning_rate": 0.0}, {"dropout": 1.0}, {"epoch": 1}], ids=str
)
def test_training_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Training.model_validate({**TRAINING.model_dump(), **wrong})


def test_a_window_of_no_weight_teaches_nothing() -> None:
    inputs, outputs, weight = task()
    misleading = np.concatenate([outputs[:150] + 100, outputs[150:]])
    weight[:150] = 0
    one, other = (fit(inputs, targets, weight, UNITS, TRAINING, seed=1) for targets in (outputs, misleading))
    assert equal(one, other)
    one, other = (fit(inputs, targets, weight + 1, UNITS, TRAINING, seed=1) for targets in (outputs, misleading))
    assert not equal(one, other)
