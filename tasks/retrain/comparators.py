"""Whom a candidate is compared with: what the stores run, ran within the year, and got in the same season last year."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tasks.forecasting.gate.evidence import BUDGET, CHAMPION, LAST_YEAR, QUARTERS, SAME_SEASON, YEAR
from tasks.state.home import Home
from tasks.state.ledger import Champion, Ledger
from tasks.state.release import Release, releases


@dataclass(frozen=True)
class Rival:
    """Something to compare with.

    Attributes:
        name: As the gate knows it.
        label: What it is, in words.
        of_store: The model that forecasts for each store; others are not compared.
    """

    name: str
    label: str
    of_store: Mapping[str, Champion]


def rivals(home: Home, last_day: date, now: datetime) -> list[Rival]:
    """All that there are for a candidate.

    Args:
        home: Whose ledger and releases.
        last_day: The last day of the candidate's sales.
        now: To count back from in the ledger, with a time zone.
    """
    decided = Ledger.of(home)
    current = Rival(CHAMPION, "what the stores run", decided.running())
    found = [current, *_within_the_year(decided, now), *_last_year(home, decided, last_day)]
    return [rival for rival in found if rival.of_store]


def _within_the_year(decided: Ledger, now: datetime) -> list[Rival]:
    """What each store ran a number of days ago, or first if it ran nothing then; nothing twice."""
    first, found = decided.first_champions(), list[Rival]()
    for days, ago in QUARTERS.items():
        of_store = first | decided.running(until=now - timedelta(days))
        if of_store not in [each.of_store for each in found]:
            found.append(Rival(f"{BUDGET} {days}", f"what the stores ran {ago} ago, or first", of_store))
    return found


def _last_year(home: Home, decided: Ledger, last_day: date) -> list[Rival]:
    """The release of the same season, with the variant that most stores got of it."""
    ages = {release: (last_day - _last_day(release)).days - YEAR for release in releases(home)}
    near = {release: abs(off) for release, off in ages.items() if abs(off) <= SAME_SEASON}
    if not near:
        return []
    release = min(near, key=lambda each: near[each])
    given = Counter(entry.variant for entry in decided.entries("promotion") if entry.release == release.id)
    passed = [each["name"] for each in release.manifest["variants"] if each["verdict"] == "pass"]
    variant = given.most_common(1)[0][0] if given else next(iter(passed), None)
    if variant is None:
        return []
    champion = Champion(release.id, variant)
    stores = release.variant(variant)["by_store"]
    return [Rival(LAST_YEAR, f"{variant} of {release.id}, the same season last year", dict.fromkeys(stores, champion))]


def _last_day(release: Release) -> date:
    return date.fromisoformat(release.manifest["snapshot"]["last_day"])
