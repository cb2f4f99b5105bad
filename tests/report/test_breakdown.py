"""Tables by group, from rows as `scores.parquet` has them."""

import math

import pytest

from tasks.forecasting.accuracy.metrics import Accuracy
from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.report.breakdown import FEW, MOST, WORST, Matrix, Pair, ScoreRow, matrix, tables, tint
from tasks.retrain.scores import breakdown, scores
from tests.conftest import Work


def errors(by: str, groups: dict[str, tuple[float, float]], days: int = 10) -> list[ScoreRow]:
    """MAPE of the file and of the reference by group."""
    others = {"wape": 1.0, "bias_pct": 0.0, "mase": math.nan, "rmsse": 1.0, "coverage": 90.0, "days": days}
    return [
        ScoreRow(forecaster, by, group, Accuracy(mape=mape, **others), MapePolicy().hash)
        for group, mapes in groups.items()
        for forecaster, mape in zip(("lstm-4", "reference"), mapes, strict=True)
    ]


def names(rows: list[Pair | None]) -> list[str | None]:
    return [row and row.group for row in rows]


OVERALL = errors("", {"": (13.0, 14.0)})


def test_stores_come_worst_first_after_all_days_and_weekdays_in_their_order() -> None:
    stores = errors("store", {"1": (12.0, 14.0), "2": (15.0, 14.0), "3": (math.nan, 14.0)})
    weekdays = errors("weekday", {"Monday": (1.0, 2.0), "Tuesday": (3.0, 2.0)})
    by_store, by_weekday = tables([*OVERALL, *stores, *weekdays], "lstm-4")
    assert names(by_store.rows) == ["all days", "2", "1", "3"]
    assert names(by_weekday.rows) == ["all days", "Monday", "Tuesday"]
    assert by_store.rows[1].difference == 1.0 and by_store.rows[3].difference is None
    assert math.isnan(by_store.rows[1].ours.mase), "undefined is never 0"
    assert by_store.summary == (
        "MAPE from 12.00 % (store 1) to 15.00 % (store 2); less accurate than without a network in 1 of 2; "
        "undefined in 1"
    )


@pytest.mark.parametrize("unknown", [0, 5, 28])
def test_of_many_the_worst_are_shown_and_all_others_are_there(unknown: int) -> None:
    many = {str(store): (math.nan if store < unknown else float(store), 20.0) for store in range(40)}
    (table,) = tables(errors("store", many), "lstm-4")
    known = [str(store) for store in range(39, unknown - 1, -1)]
    assert names(table.rows) == known[:WORST]
    assert names(table.rest) == [*known[WORST:], *map(str, range(unknown))]
    assert table.left_out == 0


def test_a_few_are_all_shown_and_of_too_many_some_are_left_out() -> None:
    for many, expected in ((FEW, (FEW, 0, 0)), (FEW + 1, (WORST, 4, 0)), (MOST + 7, (WORST, MOST - WORST, 7))):
        rows = errors("store", {str(store): (float(store), 20.0) for store in range(many)})
        (table,) = tables(rows, "lstm-4")
        assert (len(table.rows), len(table.rest), table.left_out) == expected


def test_other_forecasters_and_groups_without_a_day_are_not_shown() -> None:
    never = errors("store", {"1": (1.0, 1.0)}, days=0)
    assert tables([*OVERALL, *never], "lstm-4") == []
    assert tables([*OVERALL, *errors("store", {"1": (1.0, 1.0)})], "lstm-64") == []


def test_the_matrix_has_a_cell_for_each_store_and_class_that_there_is() -> None:
    rows = [
        *errors("store", {"a x b": (12.0, 14.0), "2": (15.0, 14.0)}),
        *errors("item class", {"B": (13.0, 14.0), "A": (12.0, 14.0)}),
        *errors("store x item class", {"a x b x A": (11.0, 14.0), "a x b x B": (12.0, 14.0), "2 x B": (15.0, 14.0)}),
    ]
    found = matrix(rows, "lstm-4")
    assert found and (found.classes, found.left_out) == (["A", "B"], 0)
    assert [(row.store, [cell and cell.difference for cell in row.cells]) for row in found.rows] == [
        ("2", [None, 1.0]),
        ("a x b", [-3.0, -2.0]),
    ]
    assert matrix(rows[:4] + errors("item class", {"A": (1.0, 1.0)}), "lstm-4") is None
    assert isinstance(found, Matrix)


@pytest.mark.parametrize(
    ("difference", "said"),
    [(None, ""), (0.04, "alike"), (-0.04, "alike"), (0.05, "worse"), (-0.5, "better strong"), (0.5, "worse strong")],
)
def test_a_cell_is_tinted_by_the_difference(difference: float | None, said: str) -> None:
    assert tint(difference) == said


def test_the_rows_are_those_of_the_parquet_file(built: Work) -> None:
    import pyarrow
    import pyarrow.parquet

    stored = pyarrow.parquet.read_table(pyarrow.BufferReader(scores(built.candidate))).to_pylist()
    one = built.candidate.spec.variants[-1].name
    rows = breakdown(built.candidate, [one])
    flat = [
        vars(row.errors) | {name: getattr(row, name) for name in ("forecaster", "by", "group", "policy")}
        for row in rows
    ]
    assert flat == [row for row in stored if row["forecaster"] in (one, "reference")]
    assert {row["forecaster"] for row in stored} == {
        "reference",
        *(each.name for each in built.candidate.spec.variants),
    }
    kinds = [table.kind for table in tables(breakdown(built.candidate), one)]
    assert kinds == ["store", "item class", "weekday", "month", "item"]
