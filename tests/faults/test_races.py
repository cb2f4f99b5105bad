"""Two commands at once come to what one after the other would have come to."""

import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest

from tasks.state import ledger, overrides
from tasks.state.alerts import open_alerts
from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tests.conftest import CHAIN, TakeIn, Work
from tests.faults.homes import ROOT, content
from tests.faults.races import DAY, Pairs
from tests.stores import promote, update_channel


@pytest.fixture
def chain(published: tuple[Work, tuple[str, str]], tmp_path: Path, take_in: TakeIn) -> Work:
    """Both stores run the newer release after the older one, and both drift."""
    from tasks.ingest.sample import write_sample

    work, ids = published
    work = work.copied(tmp_path / "home")
    for release in ids:
        promote(work.home, release, "1", "2")
    update_channel(work.home)
    shifted = CHAIN.model_copy(update={"days": 460, "shift_on": CHAIN.first_day.replace(year=2023, month=3, day=8)})
    write_sample(tmp_path / "later.parquet", shifted.model_copy(update={"shift_by": 3.0}))
    take_in(work.home, tmp_path / "later.parquet")
    return work


def ran(job: Pairs) -> Iterator[list[str]]:
    file = job.folder.with_suffix(".pickle")
    file.write_bytes(pickle.dumps(job))
    with Popen([sys.executable, "-m", "tests.faults.races", str(file)], cwd=ROOT, stdout=PIPE, text=True) as process:
        assert process.stdout
        yield from (line.split() for line in process.stdout)
        assert process.wait() == 0


def state(home: Home) -> dict[str, Any]:
    """What a home has come to, whatever the order of entries that do not depend on each other."""
    decided, whole = Ledger.of(home), content(home)
    return {
        "champions": decided.champions(),
        "channel": whole["channel"],
        "scores": whole["scores"],
        "alerts": {each.alert.id: each.alert.message for each in open_alerts(decided)},
        "told": sorted(entry.subject for entry in ledger.read(home, ["alert", "resolved"])),
        "overrides": overrides.active(decided, DAY),
        "decisions": sorted(
            (entry.kind, entry.subject, str(entry.release)) for entry in decided.entries("promotion", "rollback")
        ),
    }


@pytest.mark.timeout(900)
def test_two_commands_at_once_come_to_what_some_order_of_them_comes_to(chain: Work, tmp_path: Path) -> None:
    job, outcomes, pairs = Pairs(chain, tmp_path / "copies", 200), dict[str, dict[str, Any]](), 0
    for number, one, other, *codes in ran(job):
        assert codes == ["0", "0"], (one, other)
        orders = (f"{one}-{other}", f"{other}-{one}")
        for order in orders:
            if order not in outcomes:
                outcomes[order] = state(Home(job.folder / order))
        assert state(Home(job.folder / number)) in [outcomes[order] for order in orders], (one, other, number)
        pairs += 1
    assert pairs == 200
