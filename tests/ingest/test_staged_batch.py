"""A staged batch: everything that later steps ask of the staging folder."""

from pathlib import Path

import pytest

from tasks.ingest.staged_batch import StagedBatch
from tasks.state.home import Home
from tests.ingest.reading.found import OURS, RULES
from tests.ingest.steps import AMPLE

FILES = {
    "a.csv": "date,store,item,sales\n2026-01-05,1,1,7\nx\n2026-01-06,1,1,-1\ny,z\n",
    "b.csv": "date,store,item,sales\n2026-01-05,1,1,8\n2026-01-05,2,1,8\n",
}


@pytest.fixture
def staged(tmp_path: Path) -> StagedBatch:
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    folder = tmp_path / "staging"
    folder.mkdir()
    paths = [tmp_path / name for name in FILES]
    return StagedBatch.of_files(paths, OURS, RULES, Home(tmp_path / "home"), folder, AMPLE)


def test_rows_and_reasons_of_each_file(staged: StagedBatch) -> None:
    assert staged.rows == (4, 2) and [path.name for path in staged.paths] == list(FILES)
    conflict = {"duplicate key with another value": 1}
    assert staged.reasons == ({"negative sales": 1, "wrong number of columns": 2} | conflict, conflict)
    assert sum(staged.accepted().rows.values()) == 1
    assert staged.faults(1) == {2: "duplicate key with another value"}


def test_the_first_bad_rows_in_the_order_of_lines(staged: StagedBatch) -> None:
    assert [(row.file, row.line, row.raw) for row in staged.first_bad(0, "a.csv", 3)] == [
        ("a.csv", 2, "2026-01-05,1,1,7"),
        ("a.csv", 3, "x"),
        ("a.csv", 4, "2026-01-06,1,1,-1"),
    ]


def test_all_refused_rows_with_those_of_a_refused_store(staged: StagedBatch) -> None:
    rows = [row for table in staged.refused(1, ("2",)) for row in table.to_pylist()]
    assert [(row["line"], row["reason"]) for row in rows] == [
        (2, "duplicate key with another value"),
        (3, "store refused"),
    ]
