"""A full disk at any moment of a step: the error says so, nothing is there in part, and the next run ends right.

The disk is a real one of 64 MB. Each try leaves one block more of it free, until they are enough.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from deltalake import DeltaTable

from tasks.ingest.spool import Spool
from tasks.ingest.staged_rows import Accepted
from tasks.state import sales_table
from tasks.state.home import Home
from tasks.state.row_keys import Keys
from tests.conftest import Work
from tests.faults.driver import Failure, Job
from tests.faults.homes import Copy, assert_mended, unnamed, visible


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "shelfcast-test", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no small disk can be mounted here: {getattr(error, 'stderr', error)}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="session")
def long_lived(months: Work, tmp_path_factory: pytest.TempPathFactory) -> Work:
    """Sales and ledger have so many versions that Delta sums up the log with the next one."""
    work = months.copied(tmp_path_factory.mktemp("long-lived") / "home")
    for path in (work.home.sales, work.home.ledger):
        DeltaTable(path).alter.set_table_properties({"delta.checkpointInterval": "3"})
    return work


def failed(copy: Copy) -> Failure | None:
    """How the step failed, nothing if it did not; it names the full disk, and its process never dies of it."""
    status, said = json.loads(copy.what)
    assert status in (0, 1)
    if not status:
        return None
    failure = Failure(**said)
    assert {"OSError", "DeltaError"} & set(failure.kinds) and "No space left on device" in failure.text, failure
    return failure


def place(failure: Failure) -> str:
    """Where the disk was full."""
    part = "file" if "_written" in failure.through else "commit"
    places = {
        "copy_file": "landing",
        "_quarantine": f"quarantine {part}",
        "record": "ledger",
        "_merge": f"sales {part}",
    }
    return next(places[name] for name in places if name in failure.through)


PLACES = {"landing", "quarantine file", "quarantine commit", "sales file", "sales commit", "ledger"}
"""Where the disk must have been full."""


def assert_nothing_in_part(home: Home) -> None:
    names = [path.name for path in home.root.rglob("*")]
    assert not [name for name in names if name.endswith(".partial") or "#" in name], "Delta writes to `<name>#1` first"
    assert not unnamed(home.sales) and not unnamed(home.quarantine)


@pytest.mark.parametrize(
    ("start", "versions"),
    [
        pytest.param("empty", {("sales commit", None), ("ledger", 0)}, id="first ingest"),
        pytest.param(
            "long_lived", {("sales commit", 1), ("sales commit", 2), ("ledger", 2)}, id="corrections of many months"
        ),
    ],
)
def test_the_disk_of_the_home_is_full(
    start: str,
    versions: set[tuple[str, int | None]],
    disk: Path,
    tmp_path: Path,
    feed: Path,
    request: pytest.FixtureRequest,
) -> None:
    found: set[tuple[str, int | None]] = set()

    def see(copy: Copy) -> None:
        failure = failed(copy)
        if failure:
            found.add((place(failure), sales_table.snapshot(copy.work.home)))
        assert_nothing_in_part(copy.work.home)

    assert_mended(Job("ingest", request.getfixturevalue(start), feed, tmp_path / "copies", disk=disk), see)
    assert {where for where, _ in found} == PLACES
    assert versions <= found


@pytest.mark.usefixtures("everything_steady")
@pytest.mark.parametrize(
    ("step", "start"),
    [
        ("publishing", "built"),
        ("overriding", "refused"),
        ("delivering", "shop"),
        ("rolling_back", "promoted"),
        ("monitoring", "drifting"),
    ],
)
def test_the_disk_is_full_in_another_step(
    step: str, start: str, disk: Path, tmp_path: Path, feed: Path, request: pytest.FixtureRequest
) -> None:
    shortages = assert_mended(
        Job(step, request.getfixturevalue(start), feed, tmp_path / "copies", disk=disk), lambda copy: [failed(copy)][1:]
    )
    assert len(shortages) > 2, shortages


def test_the_disk_of_the_staging_folder_is_full(months: Work, disk: Path, tmp_path: Path, feed: Path) -> None:
    before, through = visible(months.home.root), set()

    def see(copy: Copy) -> None:
        failure = failed(copy)
        if failure:
            through.update(failure.through)
            assert visible(copy.work.home.root) == before

    assert_mended(Job("ingest_in_parts", months, feed, tmp_path / "copies", disk=disk, only_staging=True), see)
    assert through >= {"_flush", "_in_order", "__exit__", "savez"}


def test_rows_that_find_no_room_in_the_staging_folder_say_so(disk: Path) -> None:
    many = np.arange(10_000_000)
    with pytest.raises(OSError, match="No space left"), Accepted(disk, Keys()) as accepted:
        accepted.add(0, many, many)
    with pytest.raises(OSError, match="No space left"):
        Spool(disk, limit=1).add(0, many, many, many)
