"""Overrides: who lets a refused variant, or a release during a freeze, reach stores, why, and until which day."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from pydantic import Field

from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tasks.state.record import Record
from tasks.state.release import NoSuchRelease, Release

What = Literal["verdict", "freeze"]


class InvalidOverride(ValueError):
    """An override that nobody can make: the rule, what was received, what to do."""


@dataclass(frozen=True)
class Override:
    """A person's permission to use what the gate refused, or to promote during a freeze.

    Attributes:
        release: The release that may go out.
        what: What is overridden: the `verdict` on a variant, or every `freeze`.
        variant: The variant whose verdict is overridden; `None` for a freeze.
        who: The person's name.
        why: The person's reason.
        until: The last day on which the override is valid.
        ended: How it ended before that day, beginning with a verb. Defaults to `None`, as it did not.
    """

    release: str
    what: What
    variant: str | None
    who: str
    why: str
    until: date
    ended: str | None = None

    @property
    def key(self) -> tuple[str, What, str | None]:
        """What the override is about: of several with one key, the latest counts."""
        return self.release, self.what, self.variant

    @property
    def subject(self) -> str:
        """What may go out, in words."""
        return f"{self.variant} of {self.release}" if self.variant else f"{self.release} during freezes"

    @property
    def released(self) -> str:
        return f"released by {self.who} until {self.until}: {self.why}"

    @property
    def end(self) -> str:
        """How the override ended, as a verb."""
        return self.ended or f"expired on {self.until}"

    def active(self, today: date) -> bool:
        return self.ended is None and today <= self.until


class OverrideRecord(Record):
    """An override in the JSON of commands; its attributes are those of `Override`."""

    release: str
    variant: str | None
    what: What
    who: str
    why: str
    until: date


class OverrideDetails(Record):
    """What the ledger's row of an override has beside its release, variant, person and reason."""

    what: What
    variant: str | None = Field(description="the variant whose verdict is overridden; null for a freeze")
    run_as: str = Field(description="the user that the command ran as")
    until: date = Field(description="the last day on which the override is valid")
    outcome: str | None = Field(None, description="the gate's verdict on a variant that is released")
    reasons: tuple[str, ...] = Field((), description="why the gate said so")
    revoked: date | None = Field(None, description="day of the revocation, if this row is one")


def latest(entries: Ledger) -> list[Override]:
    """The latest override of each variant, and of each release's freezes, active or not, the oldest first."""
    found: dict[tuple[str, What, str | None], Override] = {}
    for entry in entries.entries("override"):
        details = OverrideDetails.model_validate(entry.details)
        release, until = str(entry.release), details.until
        before = found.pop((release, details.what, entry.variant), None)
        now = Override(release, details.what, entry.variant, entry.who, entry.why, until)
        if details.revoked is None:
            found[now.key] = now
        elif before:
            found[now.key] = replace(before, ended=f"was revoked on {details.revoked} by {now.who}: {now.why}")
    return list(found.values())


def active(entries: Ledger, today: date) -> list[Override]:
    """Overrides that are active on a day of this machine's calendar, in the order they were made."""
    return [each for each in latest(entries) if each.active(today)]


def of_release(overrides: Iterable[Override], release: str) -> dict[str | None, Override]:
    """The overrides of one release, by variant; that of freezes by `None`."""
    return {each.variant: each for each in overrides if each.release == release}


def require_overridable(found: Release, release: str, variant: str) -> None:
    """A variant can be overridden if the gate refused it and its file works.

    Args:
        found: The release, or the candidate that was refused.
        release: Its id.
        variant: The variant's name.

    Raises:
        InvalidOverride: If the variant passed, or no device could use it.
        NoSuchRelease: If there is no such variant.
        DamagedRelease: If the variant's file is not the one that was judged.
    """
    known = {each.name: each for each in found.manifest.variants}
    if variant not in known:
        raise NoSuchRelease(f"release {release} has no variant {variant!r}; there are {', '.join(known)}")
    if known[variant].passed:
        raise InvalidOverride(f"{variant} of {release} passed the gate, so there is nothing to override; promote it")
    unusable = [check for check in known[variant].checks if check.name == "file" and check.outcome != "pass"]
    if unusable:
        raise InvalidOverride(
            f"{variant} of {release} can never be overridden, as no device could use it: {unusable[0].sentence}"
        )
    found.file(variant)


def require_release(home: Home, found: Release, release: str) -> None:
    """Freezes can be overridden for what stores can get only: a release, not a candidate that was refused.

    Raises:
        InvalidOverride: If it is a candidate.
    """
    if found.folder.parent != home.releases:
        raise InvalidOverride(
            f"{release} was refused as a whole, so no store can get it; override the verdict on a variant of it first"
        )


def active_one(entries: Ledger, key: tuple[str, What, str | None], today: date) -> Override:
    """The active override with a key.

    Raises:
        InvalidOverride: If there is none.
    """
    known = active(entries, today)
    for each in known:
        if each.key == key:
            return each
    release, _, variant = key
    about = f"variant {variant}" if variant else "freezes"
    there = f"active are those for {', '.join(each.subject for each in known)}" if known else "none is active"
    raise InvalidOverride(f"there is no active override of {about} for release {release} to revoke; {there}")
