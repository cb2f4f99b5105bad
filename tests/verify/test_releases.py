"""Every file of every release is compared with what was published."""

import shutil
from pathlib import Path

from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tasks.state.releases import Releases
from tasks.verify.releases import RESTORE, RUNS, check_releases
from tasks.verify.result import Finding
from tests.stores import promote

Shop = tuple[Home, str, str]


def found(home: Home) -> tuple[list[Path], list[Finding]]:
    every = list(check_releases(Releases.of(home), Ledger.of(home)))
    return [each for each in every if isinstance(each, Path)], [each for each in every if isinstance(each, Finding)]


def test_whole_releases_are_read_file_by_file(shop: Shop) -> None:
    read, wrong = found(shop[0])
    assert wrong == []
    assert sorted(read) == sorted(path for path in shop[0].releases.rglob("*") if path.is_file())


def test_each_file_that_is_wrong_is_named_with_what_to_do(shop: Shop) -> None:
    home, older, newer = shop
    promote(home, newer, "1")
    (home.releases / older / "report.html").unlink()
    (home.releases / newer / "golden.json").write_bytes(b"{}")
    assert [(each.path, each.remedy) for each in found(home)[1]] == [
        (f"releases/{newer}/golden.json", RUNS),
        (f"releases/{older}/report.html", RESTORE),
    ]
    (home.releases / newer / "manifest.json").write_bytes(b"{}")
    assert next(each.path for each in found(home)[1]) == f"releases/{newer}/manifest.json"


def test_a_release_that_stores_run_must_be_there(shop: Shop) -> None:
    home, older, newer = shop
    promote(home, newer, "1")
    shutil.rmtree(home.releases / newer)
    shutil.rmtree(home.releases / older)
    (finding,) = found(home)[1]
    assert finding.path == f"releases/{newer}" and finding.what == "it is missing, and stores run it"


def test_a_release_that_the_ledger_lacks_is_named(shop: Shop) -> None:
    home, _, newer = shop
    shutil.copytree(home.releases / newer, home.releases / "20991231-copy")
    (finding,) = found(home)[1]
    assert finding.path == "releases/20991231-copy" and "run `shelfcast retrain` again" in finding.remedy
