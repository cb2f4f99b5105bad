"""Overrides: who lets a refused variant, or a release during a freeze, reach stores, why, and until which day."""

import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from tasks.state import ledger
from tasks.state.home import Home
from tasks.state.record import Record
from tasks.state.release import NoSuchRelease, Release, refused, releases

What = Literal["verdict", "freeze"]


class Impossible(ValueError):
    """An override that nobody can make: the rule, what was received, what to do."""


@dataclass(frozen=True)
class Override:
    """A person's word against the gate's or a freeze's.

    Attributes:
        release: Which may go out.
        what: What it overrides: the `verdict` on a variant, or every `freeze`.
        variant: Whose verdict; `None` for a freeze.
        who: The person's name.
        why: Their reason.
        until: The last day that it holds on.
        ended: How it ended before that, which begins with a verb; `None` where it did not.
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
        """What it is about: of one key the latest word counts."""
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
        """How it ended, as a verb."""
        return self.ended or f"expired on {self.until}"

    def active(self, today: date) -> bool:
        return self.ended is None and today <= self.until

    def to_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        told = asdict(self) | {"until": str(self.until)}
        return {name: told[name] for name in ("release", "variant", "what", "who", "why", "until")}


class OverrideRecord(Record):
    """An override in the JSON of commands; its attributes are those of `Override`."""

    release: str
    variant: str | None
    what: What
    who: str
    why: str
    until: date


def latest(home: Home) -> list[Override]:
    """The latest override of each variant, and of each release's freezes, over or not, in the order they were made."""
    found: dict[tuple[Any, ...], Override] = {}
    for entry in ledger.read(home, ["override"]):
        said = entry.details
        key = (entry.release, said["what"], entry.variant)
        before = found.pop(key, None)
        if "revoked" not in said:
            until = date.fromisoformat(said["until"])
            found[key] = Override(str(entry.release), said["what"], entry.variant, entry.who, entry.why, until)
        elif before:
            ended = f"was revoked on {said['revoked']} by {entry.who}: {entry.why}"
            found[key] = replace(before, ended=ended)
    return list(found.values())


def active(home: Home, today: date | None = None) -> list[Override]:
    """Overrides that hold today, in the order they were made.

    Args:
        home: Whose.
        today: The day, on this machine's calendar. Defaults to the clock's.
    """
    return [each for each in latest(home) if each.active(today or date.today())]


def request(
    home: Home,
    release: str,
    variant: str | None,
    freeze: bool,
    who: str | None,
    why: str | None,
    until: str | None,
    max_days: int,
    today: date | None = None,
) -> Override:
    """The override that a person asks for, if it can be. Nothing is written.

    Args:
        home: Where the release is, or the candidate that was refused.
        release: Its id.
        variant: Whose verdict is overridden; `None` with `freeze`.
        freeze: Whether freezes are overridden instead.
        who: The person's name.
        why: Their reason.
        until: Last day, YYYY-MM-DD.
        max_days: How many days ahead that may be.
        today: The day. Defaults to the clock's.

    Raises:
        Impossible: If something is missing, or there is nothing to override, or it cannot be overridden.
        NoSuchRelease: If there is no such release or variant.
        DamagedRelease: If the variant's file is not the one that was judged.
    """
    what = _what(variant, freeze)
    day = _until(until, today or date.today(), max_days)
    asked = Override(release, what, variant, _text("--who", who), _text("--why", why), day)
    found = find(home, release)
    if variant is not None:
        _require_overridable(found, release, variant)
    elif found.folder.parent != home.releases:
        raise Impossible(f"{release} was refused as a whole, so no store can get it; override a --variant of it first")
    return asked


def revocation(
    home: Home,
    release: str,
    variant: str | None,
    freeze: bool,
    who: str | None,
    why: str | None,
    until: str | None,
    today: date | None = None,
) -> Override:
    """The active override that a person ends, with their name and reason; arguments as for `request`.

    Raises:
        Impossible: If something is missing, or it is not active.
    """
    what = _what(variant, freeze)
    if until is not None:
        raise Impossible(f"--revoke ends an override at once; leave --until out. Received: {until}")
    who, why = _text("--who", who), _text("--why", why)
    known = active(home, today)
    for each in known:
        if each.key == (release, what, variant):
            return replace(each, who=who, why=why)
    there = f"active are those for {', '.join(each.subject for each in known)}" if known else "none is active"
    about = f"variant {variant}" if variant else "freezes"
    raise Impossible(f"there is no active override of {about} for release {release} to revoke; {there}")


def find(home: Home, name: str) -> Release:
    """A release by its id, or the folder of a refused candidate that would have become it.

    Raises:
        NoSuchRelease: If there is neither.
    """
    published, waiting = {each.id: each for each in releases(home)}, refused(home)
    found = published.get(name) or waiting.get(name)
    if found is None:
        raise NoSuchRelease(
            f"no release or refused candidate {name!r}; there are {', '.join([*published][:5]) or 'no releases'}"
            f", refused: {', '.join([*waiting][:5]) or 'none'}"
        )
    return found


def of_release(overrides: Iterable[Override], release: str) -> dict[str | None, Override]:
    """Those of one release, by variant; that of freezes by `None`."""
    return {each.variant: each for each in overrides if each.release == release}


def _what(variant: str | None, freeze: bool) -> What:
    if (variant is not None) is freeze:
        raise Impossible("name one of: --variant V, whose verdict is overridden, or --freeze")
    return "freeze" if freeze else "verdict"


def _text(option: str, text: str | None) -> str:
    """A text in one line, without control characters."""
    line = "".join(" " if unicodedata.category(sign) in ("Cc", "Cs") else sign for sign in text or "")
    if not any(sign.isalnum() for sign in line):
        said = "the person who answers for it" if option == "--who" else "the reason"
        raise Impossible(f"{option} names {said}, in words. Received: {text!r}")
    return " ".join(line.split())


def _until(text: str | None, today: date, max_days: int) -> date:
    try:
        day = datetime.strptime(text or "", "%Y-%m-%d").date()
    except ValueError:
        raise Impossible(f"--until is the last day that it holds on, YYYY-MM-DD. Received: {text}") from None
    if day < today:
        raise Impossible(f"--until is today, {today}, or later. Received: {day}")
    if day > (last := today + timedelta(max_days)):
        raise Impossible(
            f"--until is at most {max_days} days ahead, {last}, by max_override_days of [rollout] in the settings. "
            f"Received: {day}"
        )
    return day


def _require_overridable(found: Release, release: str, variant: str) -> None:
    """Refused by the gate, and with a file that works."""
    known = {each.name: each for each in found.manifest.variants}
    if variant not in known:
        raise NoSuchRelease(f"release {release} has no variant {variant!r}; there are {', '.join(known)}")
    if known[variant].passed:
        raise Impossible(f"{variant} of {release} passed the gate, so there is nothing to override; promote it")
    unusable = [check for check in known[variant].checks if check.name == "file" and check.outcome != "pass"]
    if unusable:
        raise Impossible(
            f"{variant} of {release} can never be overridden, as no device could use it: {unusable[0].sentence}"
        )
    found.file(variant)
