"""Damage of every kind to every kind of file, before every command: it is named, stops nothing else, is not shipped."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from flows.cli import views
from flows.preflight.promote import rollback_request
from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.rollout.drift import DriftPolicy
from tasks.ingest.sample import write_sample
from tasks.promote.deliver import deliver
from tasks.promote.override import grant
from tasks.report import override_banner
from tasks.state.home import Home
from tasks.state.ledger import DamagedLedger, Ledger
from tasks.state.overrides import Override
from tasks.state.parquet import DamagedFile
from tasks.state.release import DamagedRelease, NoSuchRelease
from tasks.state.releases import find, find_judged
from tasks.state.tidiness import Tidiness
from tasks.tidy import tidy_tables
from tasks.verify.walk import walk
from tests.conftest import CHAIN, LENIENT, TakeIn, Work
from tests.faults.driver import monitoring
from tests.stores import promote, roll_back, update_channel

LATER = CHAIN.model_copy(update={"days": 450})
NAMED = (DamagedFile, DamagedLedger, DamagedRelease, NoSuchRelease, DeltaError)
"""How a command may end that needs what is damaged: by an error that names it."""


@pytest.fixture(scope="session")
def chain(published: tuple[Work, tuple[str, str]], tmp_path_factory: pytest.TempPathFactory, take_in: TakeIn) -> Work:
    """Both stores run the newer release after the older one, were scored, and have rows in quarantine."""
    folder = tmp_path_factory.mktemp("chain")
    work, (older, newer) = published
    work = work.copied(folder / "home")
    for release in (older, newer):
        promote(work.home, release, "1", "2")
    update_channel(work.home)
    write_sample(folder / "later.parquet", LATER)
    (folder / "bad.csv").write_text("date,store,item,sales\n2023-03-07,1,1,-3\n")
    take_in(work.home, folder / "later.parquet")
    take_in(work.home, folder / "bad.csv")
    monitoring(work, folder)
    return work


def outcome(command: Callable[[Home], None], home: Home) -> str | None:
    """The error that a command ends with, if it is one that names what is damaged."""
    try:
        command(home)
    except NAMED as error:
        return str(error)
    return None


def newest(home: Home) -> str:
    return Ledger.of(home).running()["1"].release


def oldest(home: Home) -> str:
    return Ledger.of(home).first_champions()["1"].release


# what people and schedules run; each raises what the command would end with


def status(home: Home) -> None:
    views.status(home, DriftPolicy(), MapePolicy(), datetime.now(UTC))


def list_releases(home: Home) -> None:
    views.published(home)


def report(home: Home) -> None:
    override_banner.report(home, find_judged(home, None))


def judge(home: Home) -> None:
    views.rejudged(home, None, LENIENT)


def promote_newest(home: Home) -> None:
    release = find(home, None).id
    promote(home, release, "1", "2")
    for failed in deliver.fn(home, Ledger.of(home)).failed:
        raise DamagedRelease(failed.reason)


def rollback(home: Home) -> None:
    asked = rollback_request(str(home.root), "1", None)
    (back,) = roll_back(home, *asked.stores)
    if back.state == "held":
        raise DamagedRelease(back.reason)
    assert back.state == "rolled back"
    assert not deliver.fn(home, Ledger.of(home), asked.stores).failed


def override(home: Home) -> None:
    day = date(2026, 1, 5)
    grant.fn(home, Override(newest(home), "freeze", None, "Ana Ruiz", "a test", day), day)


def monitor(home: Home) -> None:
    candidate: Any = None
    monitoring(Work(home, candidate), Path())


def tidy(home: Home) -> None:
    tidy_tables.fn(home, Tidiness())


COMMANDS: dict[str, Callable[[Home], None]] = {
    each.__name__: each
    for each in (status, list_releases, report, judge, promote_newest, rollback, override, monitor, tidy)
}


def of_release(which: Callable[[Home], str], name: str) -> Callable[[Home], Path]:
    return lambda home: home.releases / which(home) / name


def table(name: str) -> Callable[[Home], Path]:
    """A file with rows of a table's current version."""

    def found(home: Home) -> Path:
        root = home.root / name
        (*_, path) = sorted(root / uri for uri in _paths(root))
        return path

    return found


def _paths(root: Path) -> list[str]:
    return [path.split(f"/{root.name}/", 1)[1] for path in DeltaTable(root).file_uris()]


def log_of(name: str) -> Callable[[Home], Path]:
    """The last commit of a table."""
    return lambda home: max((home.root / name / "_delta_log").glob("*.json"))


def model(home: Home) -> Path:
    return home.releases / newest(home) / f"{Ledger.of(home).running()['1'].variant}.tflite"


def older_model(home: Home) -> Path:
    return home.releases / oldest(home) / f"{Ledger.of(home).running()['1'].variant}.tflite"


def delivered(home: Home) -> Path:
    return home.channel / json.loads((home.channel / "stores" / "1.json").read_text())["model"]["path"]


FILES: dict[str, tuple[Callable[[Home], Path], set[str]]] = {
    "ledger rows": (table("ledger"), set(COMMANDS)),
    "sales rows": (table("sales"), {"monitor", "promote_newest", "tidy"}),
    "quarantine rows": (table("quarantine"), set()),
    "scores rows": (table("scores"), {"monitor", "status", "promote_newest", "tidy"}),
    "manifest": (of_release(newest, "manifest.json"), {"promote_newest", "override"}),
    "older manifest": (of_release(oldest, "manifest.json"), {"rollback"}),
    "model": (model, {"promote_newest"}),
    "older model": (older_model, {"rollback"}),
    "golden samples": (of_release(newest, "golden.json"), {"promote_newest"}),
    "items": (of_release(newest, "items.json"), {"promote_newest"}),
    "evidence": (of_release(newest, "evidence.npz"), {"judge"}),
    "report": (of_release(newest, "report.html"), {"report"}),
    "model card": (of_release(newest, "card.md"), set()),
    "score table": (of_release(newest, "scores.parquet"), set()),
    "assignment": (lambda home: home.channel / "stores" / "1.json", set()),
    "model in the channel": (delivered, set()),
}
"""Each kind of file, and the commands that need it: these may end with an error that names it, all others work."""


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def deleted(path: Path) -> None:
    path.unlink()


DAMAGES = (flipped, truncated, emptied, deleted)


def shipped(home: Home) -> set[bytes]:
    """The models that devices can read by their assignments."""
    found = set()
    for path in (home.channel / "stores").glob("*.json"):
        try:
            assignment = json.loads(path.read_bytes())
            found.add((home.channel / assignment["model"]["path"]).read_bytes())
        except (ValueError, OSError, KeyError):
            pass
    return found


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", FILES)
def test_damage_is_named_found_and_stops_nothing_else(
    chain: Work, kind: str, damage: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = "flash_kb = 9\nram_kb = 9\nlatency_us = 9\n"
    (tmp_path / "stores.toml").write_text(f'default_device = "till"\n[devices.till]\n{device}')
    monkeypatch.setenv("SHELFCAST_STORES", str(tmp_path / "stores.toml"))
    find_path, needed_by = FILES[kind]
    models = {path.read_bytes() for path in chain.home.releases.glob("*/*.tflite")}
    damaged = chain.copied(tmp_path / "damaged").home
    path = find_path(damaged)
    damage(path)
    there, failed = shipped(damaged), set()
    for name, command in COMMANDS.items():
        home = Home(tmp_path / name)
        shutil.copytree(damaged.root, home.root)
        if said := outcome(command, home):
            failed.add(name)
            part = path.relative_to(damaged.root).parts[0]
            assert "\n" not in said and (path.name in said or f"/{part}" in said), said
        assert shipped(home) - there <= models, f"{name} ships something damaged"
        shutil.rmtree(home.root)
    assert failed <= needed_by, "what does not need it goes on"
    assert failed or not needed_by or damage is not deleted
    found = walk.fn(damaged, repair=False)
    assert any(str(path.relative_to(damaged.root)).startswith(each.path) for each in found.damaged)


@pytest.mark.parametrize("name", ["ledger", "sales", "quarantine", "scores"])
@pytest.mark.parametrize("damage", [truncated, emptied, deleted])
def test_damage_to_a_tables_log(chain: Work, name: str, damage: Callable[[Path], None], tmp_path: Path) -> None:
    home = chain.copied(tmp_path / "home").home
    damage(log_of(name)(home))
    if name == "ledger":
        with pytest.raises(DamagedLedger):
            status(home)
        with pytest.raises(DamagedLedger):
            roll_back(home, "1")
        assert walk.fn(home, repair=False).damaged
    else:
        (back,) = roll_back(home, "1")
        assert back.state == "rolled back"


def test_a_whole_home_has_no_findings_and_a_damaged_channel_is_repaired(chain: Work, tmp_path: Path) -> None:
    home = chain.copied(tmp_path / "home").home
    clean = walk.fn(home, repair=False)
    assert not clean.findings
    assert {"ledger", "sales", "quarantine", "scores", "releases", "channel"} <= set(clean.checked)
    expected = {path: path.read_bytes() for path in home.channel.rglob("*.*")}
    for path in expected:
        flipped(path)
    assert len(walk.fn(home, repair=False).damaged) == len(expected)
    repaired = walk.fn(home, repair=True)
    assert len(repaired.findings) >= len(expected) and not repaired.damaged
    assert {path: path.read_bytes() for path in expected} == expected
