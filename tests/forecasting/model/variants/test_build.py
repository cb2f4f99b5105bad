"""A variant's weights and file: made as its name says, or there is a fault."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tasks.forecasting.data.panel import Floats32
from tasks.forecasting.model import lstm
from tasks.forecasting.model.lstm import Weights
from tasks.forecasting.model.recipe import RECIPES, Recipe
from tasks.forecasting.model.variants import build, contents, litert
from tasks.forecasting.model.variants.build import TrainingSet
from tasks.forecasting.model.variants.litert import Forecaster
from tasks.forecasting.model.variants.plan import variant
from tasks.forecasting.model.variants.prune import prune
from tasks.forecasting.model.variants.quantize import simulate

PRODUCTION, REFERENCE = RECIPES["production"], RECIPES["reference"]
STORED = ["lstm-16", "lstm-16-f16", "lstm-16-int8", "lstm-16-full8"]


def drawn(units: int = 16, seed: int = 0) -> Weights:
    random = np.random.default_rng(seed)
    shapes = [(1, 4 * units), (units, 4 * units), (4 * units,), (units, 1), (1,)]
    return Weights(*(random.normal(0, 0.4 / units**0.25, shape).astype(np.float32) for shape in shapes))


def inputs(count: int = 200, seed: int = 7) -> Floats32:
    return np.random.default_rng(seed).normal(0, 0.5, (count, 14, 1)).astype(np.float32)


def file(name: str, weights: Weights, recipe: Recipe = PRODUCTION) -> bytes:
    return build.file(variant(name), recipe, weights, inputs(500, seed=8))


def fault(name: str, weights: Weights, content: bytes, recipe: Recipe = PRODUCTION) -> str | None:
    return build.fault(variant(name), recipe, weights, content, inputs())


@pytest.mark.parametrize("name", STORED)
@pytest.mark.parametrize("pruned", ["", "-p30", "-p70"])
def test_a_file_as_named_has_no_fault(name: str, pruned: str) -> None:
    name = name.replace("lstm-16", f"lstm-16{pruned}")
    weights = prune(drawn(), variant(name).sparsity)
    assert fault(name, weights, file(name, weights)) is None


def test_simulated_int8_is_stored_as_float() -> None:
    weights = simulate(drawn())
    content = file("lstm-16-int8", weights, REFERENCE)
    assert content == litert.write(weights)
    assert fault("lstm-16-int8", weights, content, REFERENCE) is None
    assert file("lstm-16-full8", weights, REFERENCE) == file("lstm-16-full8", weights)


@pytest.mark.parametrize("name", STORED)
def test_a_file_less_sparse_than_its_name_says_is_a_fault(name: str) -> None:
    pruned = name.replace("lstm-16", "lstm-16-p50")
    for kernel in ("kernel", "recurrent", "head"):
        weights = replace(prune(drawn(), 0.5), **{kernel: getattr(drawn(), kernel)})
        found = str(fault(pruned, weights, file(pruned, weights)))
        assert f"50% of each kernel should be 0; of {kernel} it is" in found


@pytest.mark.parametrize("name", STORED)
@pytest.mark.parametrize("other", STORED)
def test_a_file_of_other_operations_is_a_fault(name: str, other: str) -> None:
    wanted, got = (contents.OPERATIONS[variant(each).storage] for each in (name, other))
    found = fault(name, drawn(), file(other, drawn()))
    if wanted != got:
        assert found == f"a {variant(name).storage} file's operations are {', '.join(wanted)}; got {', '.join(got)}"


@pytest.mark.parametrize("name", STORED)
def test_a_file_of_other_weights_is_a_fault(name: str) -> None:
    assert "its answers differ from its weights' by" in str(fault(name, drawn(), file(name, drawn(seed=1))))


@pytest.mark.parametrize("name", STORED)
def test_answers_that_are_no_numbers_are_a_fault(name: str) -> None:
    lost = replace(drawn(), head_bias=np.array([np.nan], np.float32))
    assert "by nan" in str(fault(name, lost, file(name, drawn())))


@pytest.mark.parametrize("name", ["lstm-16", "lstm-16-f16"])
def test_float_files_are_held_to_float_accuracy(name: str) -> None:
    slightly = replace(drawn(), head_bias=drawn().head_bias + np.float32(3e-4))
    assert "allowed are 0.0001" in str(fault(name, slightly, file(name, drawn())))


def test_a_float16_file_is_held_to_the_rounded_weights() -> None:
    """Weights on which 16 bits show; whether the loss is worth it is the gate's question."""
    large = replace(drawn(), recurrent=4 * drawn().recurrent)
    content = file("lstm-16-f16", large)
    assert np.abs(Forecaster(content)(inputs()) - large(inputs())).max() > 2e-4
    assert fault("lstm-16-f16", large, content) is None


def test_rubbish_is_a_fault() -> None:
    assert "does not load in LiteRT" in str(fault("lstm-16", drawn(), b"rubbish"))


@pytest.mark.parametrize("seed", range(3))
def test_int8_answers_are_unbiased_on_days_that_it_was_not_fitted_to(seed: int) -> None:
    weights, later = drawn(seed=seed), inputs(2000, seed=100 + seed)
    biased, corrected = litert.write(weights, "int8"), file("lstm-16-int8", weights)
    before, after = ((Forecaster(each)(later) - weights(later)).mean() for each in (biased, corrected))
    assert abs(after) < 0.5 * abs(before)


def training_set(count: int = 300) -> TrainingSet:
    outputs = np.random.default_rng(1).normal(size=(count, 1)).astype(np.float32)
    return TrainingSet(inputs(count), outputs, np.ones(count, np.float32))


def test_the_representative_set_is_drawn_from_the_training_set() -> None:
    learned = training_set(3000)
    drawn_ = build.representative(learned, seed=1)
    assert drawn_.shape == (build.REPRESENTATIVE, 14, 1)
    assert len({window.tobytes() for window in drawn_} & {window.tobytes() for window in learned.inputs}) == 2048
    np.testing.assert_array_equal(build.representative(learned, seed=1), drawn_)
    assert (build.representative(learned, seed=2) != drawn_).any()
    np.testing.assert_array_equal(build.representative(training_set(20), seed=1), training_set(20).inputs)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_student_learns_the_teachers_answers_and_the_actuals(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(lstm, "fit", lambda *given: seen.append(given) or drawn(4))
    monkeypatch.setattr(build, "_CHUNK", 7)
    recipe = PRODUCTION.model_copy(update={"distillation": share})
    build.compress(variant("lstm-4-kd"), recipe, drawn(), training_set(), seed=3)
    ((given_inputs, outputs, weight, units, training, seed, start),) = seen
    np.testing.assert_allclose(outputs, share * drawn()(inputs(300)) + (1 - share) * training_set().outputs, atol=1e-6)
    np.testing.assert_array_equal(given_inputs, training_set().inputs)
    np.testing.assert_array_equal(weight, training_set().weight)
    assert (units, training, seed, start) == (4, recipe.training, 3, None)


def test_distillation_brings_a_student_nearer_to_its_teacher() -> None:
    recipe = PRODUCTION.model_copy(
        update={"distillation": 1.0, "training": lstm.Training(epochs=8, batch=32, learning_rate=0.01)}
    )
    teacher = drawn()
    student = build.compress(variant("lstm-4-kd"), recipe, teacher, training_set(), seed=0)
    alone = build.train(variant("lstm-4"), recipe, training_set(), seed=0)
    assert student.units == 4
    far, near = (float(np.abs(each(inputs()) - teacher(inputs())).mean()) for each in (alone, student))
    assert near < 0.5 * far


@pytest.mark.parametrize("name", ["lstm-16-f16", "lstm-16-full8", "lstm-16-p50-int8"])
def test_storing_in_fewer_bits_leaves_the_weights(name: str) -> None:
    weights = drawn()
    assert build.compress(variant(name), PRODUCTION, weights, training_set(), seed=0) is weights
