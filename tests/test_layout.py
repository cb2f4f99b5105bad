"""Tests mirror the code: each source file has a test file of its name, and each test file a source file."""

from pathlib import Path

ROOT = Path(__file__).parents[1]

CROSS_CUTTING = ("faults", "deployments", "docs", "benchmarks", "ingest/bad_input")
"""Folders of tests that are about more than one source file."""

WHOLE_PATHS = {
    "test_imports.py",
    "test_layout.py",
    "flows/test_judge.py",
    "flows/test_pipeline.py",
    "flows/test_real_sales.py",
    "ingest/reading/test_s3.py",
    "report/test_accessibility.py",
    "state/test_two_writers.py",
}
"""Test files that are about more than one source file."""


def sources() -> set[str]:
    found = (path for folder in ("flows", "tasks") for path in (ROOT / folder).rglob("*.py"))
    return {str(path.relative_to(ROOT)) for path in found if path.name != "__init__.py"}


def mirror(source: str) -> str:
    """Where the tests of a source file are: `tasks/x/y.py` -> `x/test_y.py`, `flows/x.py` -> `flows/test_x.py`."""
    path = Path(source.removeprefix("tasks/"))
    return str(path.with_name(f"test_{path.name}"))


def test_each_source_file_has_its_test_file() -> None:
    assert not {source for source in sources() if not (ROOT / "tests" / mirror(source)).exists()}


def test_each_test_file_has_its_source_file() -> None:
    tests = {str(path.relative_to(ROOT / "tests")) for path in (ROOT / "tests").rglob("test_*.py")}
    mirrored = {path for path in tests if not path.startswith(tuple(f"{folder}/" for folder in CROSS_CUTTING))}
    assert mirrored - {mirror(source) for source in sources()} == WHOLE_PATHS
