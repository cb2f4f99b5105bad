"""Lines that cover each other are one."""

from tasks.report.charts.alike import alike


def test_lines_within_reach_everywhere_are_one() -> None:
    lines = {"a": [1.0, 2.0], "b": [1.0, 2.1], "c": [1.0, 2.01], "d": [1.0, 2.11]}
    assert alike(lines, 0.02) == {"a": ["a", "c"], "b": ["b", "d"]}
    assert alike(lines, 0.0) == {name: [name] for name in lines}


def test_a_gap_is_like_a_gap_alone() -> None:
    assert alike({"a": [None, 2.0], "b": [None, 2.0], "c": [1.0, 2.0]}, 9.0) == {"a": ["a", "b"], "c": ["c"]}
