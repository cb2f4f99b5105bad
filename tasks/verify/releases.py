"""The releases of a home: each file against the manifest, each manifest against the ledger."""

from collections.abc import Iterator
from pathlib import Path

from tasks.state.ledger import Ledger
from tasks.state.release import DamagedRelease, Release
from tasks.state.releases import Releases
from tasks.verify.result import Finding

RESTORE = "restore its folder from a backup, or move it away where no store runs it"
DAMAGED = "it is missing or not what was published"
RUNS = "restore its folder from a backup; or promote another release, or `shelfcast rollback`"


def check_releases(known: Releases, decided: Ledger) -> Iterator[Finding | Path]:
    """Read every file of every release; a release that a store runs must be there.

    Yields:
        Each file that is as it was published, and what is wrong.
    """
    running = {champion.release for champion in decided.running().values()}
    for release in known.all:
        yield from _release(release, release.id in running)
    for name in sorted(running - {release.id for release in known.all}):
        yield _finding(f"releases/{name}", "it is missing, and stores run it", RUNS)
    for name in sorted(known.unrecorded):
        remedy = "run `shelfcast retrain` again, which completes it"
        yield _finding(f"releases/{name}", "the ledger does not have it, as its retrain was cut off", remedy)


def _release(release: Release, runs: bool) -> Iterator[Finding | Path]:
    remedy = RUNS if runs else RESTORE
    try:
        names = list(release.manifest.files)
    except DamagedRelease:
        yield _finding(f"releases/{release.id}/manifest.json", DAMAGED, remedy)
        return
    yield release.folder / "manifest.json"
    for name in names:
        try:
            release.checked(name)
            yield release.folder / name
        except DamagedRelease:
            yield _finding(f"releases/{release.id}/{name}", DAMAGED, remedy)


def _finding(path: str, what: str, remedy: str) -> Finding:
    return Finding(part="releases", path=path, what=what, remedy=remedy)
