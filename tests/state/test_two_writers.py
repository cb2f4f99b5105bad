"""Several ingests at once, each a process of its own: every row is there once, and each batch's counts add up."""

import json
import subprocess
import sys
from pathlib import Path

from tasks.ingest import quarantine
from tasks.state import ledger
from tasks.state.home import Home
from tests.sales import sales_rows

INGEST = """
import sys, tempfile
from pathlib import Path
from tasks.state.home import Home
from tests.ingest.steps import merge, read
home = Home(Path(sys.argv[1]))
with tempfile.TemporaryDirectory() as staging:
    batch = read(home, Path(staging), sys.argv[2])
    print("read", flush=True)
    sys.stdin.readline()
    print(merge(home, batch).model_dump_json())
"""


def at_once(home: Home, *files: Path) -> list[dict]:
    """Let each file be read before the first is merged, then merge all of them at the same moment."""
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", INGEST, str(home.root), str(file)],
            cwd=Path(__file__).parents[2],
            env={"PATH": "", "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for file in files
    ]
    for run in runs:
        assert run.stdout is not None and run.stdout.readline() == "read\n"
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("\n")
        run.stdin.flush()
    return [json.loads(run.communicate(timeout=120)[0]) for run in runs]


def csv(path: Path, rows: list[str]) -> Path:
    path.write_text("date,store,item,sales\n" + "".join(f"{row}\n" for row in rows))
    return path


def test_no_row_is_lost_or_doubled(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    files = [
        csv(
            tmp_path / f"{number}.csv",
            [f"2026-01-{day:02},{store},1,{store}" for day in range(1, 29) for store in (number, number + 1)]
            + [f"2026-02-01,{number},1,-1"],
        )
        for number in range(3)
    ]
    results = at_once(home, *files, files[0])
    rows = sales_rows(home)
    assert len(rows) == 28 * 4
    assert sum(result["rows_accepted"] for result in results) == len(rows)
    assert all(
        result["rows_read"] == 57 == result["rows_accepted"] + result["rows_unchanged"] + result["rows_quarantined"]
        for result in results
    )
    assert len(quarantine.rows(home)) == 3
    entries = ledger.read(home, ["ingest"])
    assert sorted(entry.details["name"] for entry in entries) == ["0.csv", "1.csv", "2.csv"]
    assert all(entry.details["counts"]["rows_read"] == 57 for entry in entries)


def test_a_later_writer_of_the_same_key_has_the_last_word(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    results = at_once(home, *(csv(tmp_path / f"{units}.csv", [f"2026-01-05,1,1,{units}"]) for units in (3, 5)))
    assert sorted(result["rows_changed"] for result in results) == [0, 1]
    (last,) = (result for result in results if result["rows_changed"])
    first = 1 - last["snapshot"]
    assert (first, last["snapshot"]) == (0, 1)
    values = [int(sales_rows(home, version)["sales"].iloc[0]) for version in (0, 1)]
    assert sorted(values) == [3, 5]
