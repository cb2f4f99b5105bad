"""What `override` is asked for, checked; without Prefect, so that a mistake shows at once."""

import unicodedata
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from flows.preflight.request import Request, RequestError
from flows.settings import home_at, load
from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tasks.state.overrides import Override, What, active_one, require_overridable, require_release
from tasks.state.releases import find_judged


@dataclass(frozen=True)
class OverrideRequest(Request):
    """An override to grant or to revoke.

    Attributes:
        override: The override; where it is revoked, with the name and the reason of the person who ends it.
        today: The day on which it is asked for.
    """

    override: Override
    today: date


def override_request(
    home: str | None,
    release: str,
    variant: str | None,
    freeze: bool,
    who: str | None,
    why: str | None,
    until: str | None,
    ends: bool,
    today: date | None = None,
) -> OverrideRequest:
    """The override that a person asks for, if it can be. Nothing is written.

    The arguments are those of the flow; `today` defaults to the day by the clock.

    Raises:
        RequestError: If something is missing or is not what it should be.
        InvalidOverride: If there is nothing to override or to revoke, or it cannot be overridden.
        NoSuchRelease: If there is no such release or variant.
        DamagedRelease: If the variant's file is not the one that was judged.
    """
    settings, place, day = load(), home_at(home), today or date.today()
    what = _what(variant, freeze)
    if ends and until is not None:
        raise RequestError(f"--revoke ends an override at once; leave --until out. Received: {until}")
    last = None if ends else _until(until, day, settings.rollout.max_override_days)
    name, reason = _line("who", "the person who answers for it", who), _line("why", "the reason", why)
    if last is None:
        ended = active_one(Ledger.of(place), (release, what, variant), day)
        return OverrideRequest(place, settings, replace(ended, who=name, why=reason), day)
    asked = Override(release, what, variant, name, reason, last)
    _require_possible(place, asked)
    return OverrideRequest(place, settings, asked, day)


def _require_possible(home: Home, asked: Override) -> None:
    found = find_judged(home, asked.release)
    if asked.variant is None:
        require_release(home, found, asked.release)
    else:
        require_overridable(found, asked.release, asked.variant)


def _what(variant: str | None, freeze: bool) -> What:
    if (variant is not None) is freeze:
        raise RequestError("name one of: --variant V, whose verdict is overridden, or --freeze")
    return "freeze" if freeze else "verdict"


def _line(parameter: str, what: str, text: str | None) -> str:
    """A text in one line, without control characters."""
    line = "".join(" " if unicodedata.category(sign) in ("Cc", "Cs") else sign for sign in text or "")
    if not any(sign.isalnum() for sign in line):
        raise RequestError(f"names {what}, in words. Received: {text!r}", parameter)
    return " ".join(line.split())


def _until(text: str | None, today: date, max_days: int) -> date:
    try:
        day = datetime.strptime(text or "", "%Y-%m-%d").date()
    except ValueError:
        raise RequestError(f"is the last day on which it is valid, YYYY-MM-DD. Received: {text}", "until") from None
    if day < today:
        raise RequestError(f"is today, {today}, or later. Received: {day}", "until")
    if day > (last := today + timedelta(max_days)):
        limit = "by max_override_days of [rollout] in the settings"
        raise RequestError(f"is at most {max_days} days ahead, {last}, {limit}. Received: {day}", "until")
    return day
