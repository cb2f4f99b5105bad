"""Variants are read off their names and built after their parents."""

import pytest

from tasks.forecasting.model.variants.plan import BASELINE, Variant, plan, variant


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lstm-64", Variant("lstm-64", 64, (), parent=None)),
        ("lstm-32", Variant("lstm-32", 32, (), parent="lstm-64")),
        ("lstm-32-p30", Variant("lstm-32-p30", 32, ("p30",), parent="lstm-32")),
        ("lstm-32-int8", Variant("lstm-32-int8", 32, ("int8",), parent="lstm-32")),
        ("lstm-16-p50-int8", Variant("lstm-16-p50-int8", 16, ("p50", "int8"), parent="lstm-16-p50")),
        ("lstm-64-int8", Variant("lstm-64-int8", 64, ("int8",), parent="lstm-64")),
        ("lstm-8-kd", Variant("lstm-8-kd", 8, ("kd",), parent="lstm-64")),
        ("lstm-64-kd", Variant("lstm-64-kd", 64, ("kd",), parent="lstm-64")),
        ("lstm-8-kd-p50-f16", Variant("lstm-8-kd-p50-f16", 8, ("kd", "p50", "f16"), parent="lstm-8-kd-p50")),
        ("lstm-4-kd-full8", Variant("lstm-4-kd-full8", 4, ("kd", "full8"), parent="lstm-4-kd")),
    ],
)
def test_a_name_says_how_it_is_made(name: str, expected: Variant) -> None:
    assert variant(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "",
        "lstm",
        "lstm-0",
        "lstm-032",
        "lstm-32-p0",
        "lstm-32-p100",
        "lstm-32-int4",
        "lstm-32-int8-p50",
        "lstm-32-p50-kd",
        "lstm-32-kd-kd",
        "lstm-32-f16-int8",
        "lstm-32-p50-p70",
        "lstm-32-",
        "gru-32",
        "lstm-32\n",
    ],
)
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(
        ValueError, match=r"lstm-UNITS, then.* order.*-kd .*-pPERCENT .*-f16, -int8 or -full8.*Received: "
    ):
        variant(name)


@pytest.mark.parametrize(
    ("name", "scratch"),
    [("lstm-64", True), ("lstm-16", True), ("lstm-32-p50", False), ("lstm-32-int8", False), ("lstm-8-kd", False)],
)
def test_widths_are_fitted_from_scratch(name: str, scratch: bool) -> None:
    assert variant(name).from_scratch is scratch


@pytest.mark.parametrize(
    ("name", "steps", "sparsity", "storage"),
    [
        ("lstm-16", (), 0.0, "float32"),
        ("lstm-16-kd", ("kd",), 0.0, "float32"),
        ("lstm-16-p30", ("p30",), 0.3, "float32"),
        ("lstm-16-f16", ("f16",), 0.0, "float16"),
        ("lstm-16-kd-p5-int8", ("kd", "p5", "int8"), 0.05, "int8"),
        ("lstm-16-p99-full8", ("p99", "full8"), 0.99, "full-int8"),
    ],
)
def test_steps_say_what_was_done(name: str, steps: tuple[str, ...], sparsity: float, storage: str) -> None:
    made = variant(name)
    assert (made.steps, made.sparsity, made.storage) == (steps, sparsity, storage)


@pytest.mark.parametrize(
    ("name", "published_kb"),
    [
        ("lstm-64", 66.25),
        ("lstm-32", 17.13),
        ("lstm-16", 4.57),
        ("lstm-32-p30", 11.99),
        ("lstm-32-p50", 8.56),
        ("lstm-32-p70", 5.14),
        ("lstm-32-int8", 4.28),
        ("lstm-32-full8", 4.28),
        ("lstm-32-f16", 17.13 / 2),
        ("lstm-32-kd", 17.13),
    ],
)
def test_weights_are_counted_as_published(name: str, published_kb: float) -> None:
    assert variant(name).weights_kb == pytest.approx(published_kb, abs=0.006)


def names(*wanted: str) -> list[str]:
    return [made.name for made in plan(wanted)]


def test_parents_are_added_and_come_first() -> None:
    assert names("lstm-16-p50-int8", "lstm-32") == ["lstm-64", "lstm-16", "lstm-16-p50", "lstm-16-p50-int8", "lstm-32"]


def test_a_distilled_variant_needs_the_baseline_only() -> None:
    assert names("lstm-4-kd-int8") == ["lstm-64", "lstm-4-kd", "lstm-4-kd-int8"]


@pytest.mark.parametrize("wanted", [(), (BASELINE,), (BASELINE, BASELINE)], ids=str)
def test_the_baseline_is_always_built_and_once(wanted: tuple[str, ...]) -> None:
    assert names(*wanted) == [BASELINE]


def test_a_wrong_name_refuses_the_plan() -> None:
    with pytest.raises(ValueError, match="Received: 'lstm-x'"):
        plan(("lstm-32", "lstm-x"))
