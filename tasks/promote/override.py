"""Steps: let a refused variant, or a release during a freeze, reach stores for a while; and end that early."""

import getpass
import logging
from datetime import date
from typing import Any

from prefect import task

from tasks.state import ledger
from tasks.state.atomic import move_folder
from tasks.state.home import Home
from tasks.state.overrides import Override, active, find

log = logging.getLogger("shelfcast.override")


@task
def grant(home: Home, asked: Override, today: date | None = None) -> dict[str, Any]:
    """Record an override, then make a release of a candidate that was refused; the JSON of `shelfcast override`.

    The decision comes first: a run that was cut off before the release was there is completed by the next. The same
    again changes nothing.
    """
    found = find(home, asked.release)
    release = home.releases / asked.release
    overridden = _overridden(found.manifest, asked)
    if asked not in active(home, today):
        new = [] if found.folder == release else _new_release(home, asked)
        ledger.record(home, [*new, _entry(asked, overridden | {"until": str(asked.until)})])
        log.info("%s %s", asked.subject, asked.released)
    if found.folder != release:
        move_folder(found.folder, release)
    return asked.to_dict() | {"state": "active"} | overridden


@task
def revoke(home: Home, asked: Override, today: date | None = None) -> dict[str, Any]:
    """Record that an override ends today; stores keep what they run, and `monitor` tells who still runs it."""
    day = str(today or date.today())
    ledger.record(home, [_entry(asked, {"until": str(asked.until), "revoked": day})])
    log.info("%s: revoked by %s: %s", asked.subject, asked.who, asked.why)
    return asked.to_dict() | {"state": "revoked"}


def _overridden(manifest: dict[str, Any], asked: Override) -> dict[str, Any]:
    """What the gate said of the variant."""
    for variant in manifest["variants"]:
        if variant["name"] == asked.variant:
            return {"outcome": variant["verdict"], "reasons": variant["reasons"]}
    return {"outcome": None, "reasons": []}


def _new_release(home: Home, asked: Override) -> list[ledger.Entry]:
    """The ledger's row of a release that is one by an override alone, unless it is there."""
    if any(entry.subject == asked.release for entry in ledger.read(home, ["release"])):
        return []
    why = f"the gate passed 0 variants; {asked.variant} {asked.released}"
    details = {"variants": find(home, asked.release).manifest["variants"]}
    return [ledger.Entry("release", asked.release, why, asked.release, details=details, who=asked.who)]


def _entry(asked: Override, details: dict[str, Any]) -> ledger.Entry:
    """A row of the person who answers for it; the user that it ran as is in its details."""
    said = {"what": asked.what, "variant": asked.variant, "run_as": getpass.getuser(), **details}
    return ledger.Entry("override", asked.release, asked.why, asked.release, asked.variant, said, asked.who)
