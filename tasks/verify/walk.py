"""Step: walk through the whole home, and say what is damaged or disagrees."""

import json
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from prefect import task

from tasks.state.channel import Channel
from tasks.state.home import Home
from tasks.state.ledger import DamagedLedger, Ledger
from tasks.state.releases import Releases
from tasks.verify.channel import check_channel
from tasks.verify.releases import check_releases
from tasks.verify.result import Finding, Part, VerifyResult
from tasks.verify.tables import check_table

log = logging.getLogger("shelfcast.verify")


@task
def walk(home: Home, repair: bool) -> VerifyResult:
    """Read every file that a decision or a forecast may need, and compare it with what vouches for it.

    Rows are read with their page checksums, a release's files by its manifest, manifests by the ledger, the channel by
    the ledger and the releases.

    Args:
        home: The home.
        repair: Whether to put right what can be put right without losing anything: the channel's files.
    """
    findings, checked = list[Finding](), Counter[Part]()
    with home.writing():
        for part, each in _all(home, repair):
            if isinstance(each, Finding):
                findings.append(each)
                log.warning("%s: %s", each.path, each.what)
            else:
                checked[part] += 1
    return VerifyResult(home=str(home.root), checked=dict(checked), findings=tuple(findings))


def _all(home: Home, repair: bool) -> Iterator[tuple[Part, Finding | Path]]:
    """What was looked at, with the folder that it is in."""
    yield from (("ledger", each) for each in check_table(home.root, "ledger", set()))
    try:
        decided, known = Ledger.of(home), Releases.of(home)
    except DamagedLedger as error:
        remedy = "restore the folder from a backup; nothing that the ledger vouches for was looked at"
        yield "ledger", Finding(part="ledger", path="ledger", what=str(error), remedy=remedy)
        return
    versions = {known.snapshot(each) for each in known.all if each.id not in known.damaged}
    yield from (("sales", each) for each in check_table(home.root, "sales", versions))
    yield from (("quarantine", each) for each in check_table(home.root, "quarantine", set()))
    yield from (("scores", each) for each in check_table(home.root, "scores", set()))
    yield from (("releases", each) for each in check_releases(known, decided))
    yield from (("channel", each) for each in check_channel(Channel.of(home), known, decided, repair))
    yield from (("docs", each) for each in _index(home))


def _index(home: Home) -> Iterator[Finding | Path]:
    """The index of the Data Docs: each line says what became of a batch."""
    path = home.docs / "batches.jsonl"
    if not path.exists():
        return
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            json.loads(line)
        except ValueError:
            remedy = "nothing: the next ingest leaves it out of the index"
            yield Finding(part="docs", path="docs/batches.jsonl", what=f"line {number} is damaged", remedy=remedy)
    yield path
