"""Steps: let a refused variant, or a release during a freeze, reach stores for a while; and revoke that."""

import getpass
import logging
from datetime import date
from typing import Literal

from prefect import task

from tasks.state import ledger
from tasks.state.atomic import move_folder
from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tasks.state.overrides import Override, OverrideDetails, What, active
from tasks.state.record import Document
from tasks.state.release import Release
from tasks.state.releases import JudgedDetails, find_judged

log = logging.getLogger("shelfcast.override")


class OverrideResult(Document):
    """The JSON of an override that was granted or revoked.

    Attributes:
        release: The release that may go out.
        variant: The variant whose verdict is overridden; `None` for a freeze.
        what: What is overridden.
        who: The person who answers for it.
        why: The person's reason.
        until: The last day on which it is valid.
        state: Whether it is `active` or `revoked` now.
        outcome: What the gate said of the variant; `None` for a freeze and where the override is revoked.
        reasons: Why the gate said so. Defaults to none.
    """

    release: str
    variant: str | None
    what: What
    who: str
    why: str
    until: date
    state: Literal["active", "revoked"]
    outcome: str | None = None
    reasons: tuple[str, ...] = ()


@task
def grant(home: Home, asked: Override, today: date) -> OverrideResult:
    """Record an override, then make a release of a candidate that was refused.

    The decision comes first: a run that was cut off before the release was there is completed by the next one. The
    same override again changes nothing.
    """
    found = find_judged(home, asked.release)
    release = home.releases / asked.release
    details = _details(asked, found)
    if asked not in active(Ledger.of(home), today):
        new = [] if found.folder == release else _new_release(home, asked, found)
        ledger.record(home, [*new, _entry(asked, details)])
        log.info("%s %s", asked.subject, asked.released)
    if found.folder != release:
        move_folder(found.folder, release)
    return _result(asked, details, "active")


@task
def revoke(home: Home, asked: Override, today: date) -> OverrideResult:
    """Record that an override ends today; stores keep what they run, and `monitor` says who still runs it.

    Args:
        home: Where the ledger is.
        asked: The active override, with the name and the reason of the person who ends it.
        today: The day.
    """
    details = OverrideDetails(
        what=asked.what, variant=asked.variant, run_as=getpass.getuser(), until=asked.until, revoked=today
    )
    ledger.record(home, [_entry(asked, details)])
    log.info("%s: revoked by %s: %s", asked.subject, asked.who, asked.why)
    return _result(asked, details, "revoked")


def _details(asked: Override, found: Release) -> OverrideDetails:
    """The details of a new override, with what the gate said of the variant."""
    about = next((each for each in found.manifest.variants if each.name == asked.variant), None)
    return OverrideDetails(
        what=asked.what,
        variant=asked.variant,
        run_as=getpass.getuser(),
        until=asked.until,
        outcome=about and about.verdict,
        reasons=about.reasons if about else (),
    )


def _new_release(home: Home, asked: Override, found: Release) -> list[ledger.Entry]:
    """The ledger's row of a release that exists only by an override; none if it has a row already."""
    if any(entry.subject == asked.release for entry in ledger.read(home, ["release"])):
        return []
    why = f"the gate passed 0 variants; {asked.variant} {asked.released}"
    details = JudgedDetails.of(found.manifest).kept()
    return [ledger.Entry("release", asked.release, why, asked.release, details=details, who=asked.who)]


def _entry(asked: Override, details: OverrideDetails) -> ledger.Entry:
    """A row of the person who answers for the override; the user that the command ran as is in its details."""
    kept = details.model_dump(mode="json", exclude_unset=True)
    return ledger.Entry("override", asked.release, asked.why, asked.release, asked.variant, kept, asked.who)


def _result(asked: Override, details: OverrideDetails, state: Literal["active", "revoked"]) -> OverrideResult:
    return OverrideResult(
        release=asked.release,
        variant=asked.variant,
        what=asked.what,
        who=asked.who,
        why=asked.why,
        until=asked.until,
        state=state,
        outcome=details.outcome,
        reasons=details.reasons,
    )
