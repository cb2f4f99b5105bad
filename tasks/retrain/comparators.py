"""Comparators of a candidate: what stores run, what they ran within the year, and last year's release of the season."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tasks.forecasting.gate.evidence import BUDGET, CHAMPION, LAST_YEAR, QUARTERS, SAME_SEASON, SAME_WEEKDAY_YEAR
from tasks.state.home import Home
from tasks.state.ledger import Champion, Ledger
from tasks.state.releases import releases


@dataclass(frozen=True)
class Comparator:
    """Something that variants are compared with.

    Attributes:
        name: Name that the gate knows it by.
        label: Name for people.
        of_store: The model that forecasts for each store; stores without one are not compared.
    """

    name: str
    label: str
    of_store: Mapping[str, Champion]


def comparators(home: Home, last_day: date, now: datetime) -> list[Comparator]:
    """All comparators of a candidate.

    Args:
        home: Where the ledger and the releases are.
        last_day: The last day of the candidate's sales.
        now: Time that days in the ledger are counted back from, with a time zone.
    """
    decided = Ledger.of(home)
    champion = Comparator(CHAMPION, "what the stores run", decided.running())
    every = [champion, *_within_the_year(decided, now), *_last_year(home, decided, last_day)]
    return [comparator for comparator in every if comparator.of_store]


def _within_the_year(decided: Ledger, now: datetime) -> list[Comparator]:
    """What each store ran some days ago, or its first model if it ran none then; equal comparators count once."""
    first, earlier = decided.first_champions(), list[Comparator]()
    for days, ago in QUARTERS.items():
        of_store = first | decided.running(until=now - timedelta(days))
        if of_store not in [comparator.of_store for comparator in earlier]:
            earlier.append(Comparator(f"{BUDGET} {days}", f"what the stores ran {ago} ago, or first", of_store))
    return earlier


def _last_year(home: Home, decided: Ledger, last_day: date) -> list[Comparator]:
    """Last year's release of the same season, with the variant of it that most stores got."""
    ages = {each: (last_day - each.manifest.snapshot.last_day).days - SAME_WEEKDAY_YEAR for each in releases(home)}
    near = {release: abs(off) for release, off in ages.items() if abs(off) <= SAME_SEASON}
    if not near:
        return []
    release = min(near, key=lambda each: near[each])
    given = Counter(entry.variant for entry in decided.entries("promotion") if entry.release == release.id)
    passed = [each.name for each in release.manifest.passed]
    variant = given.most_common(1)[0][0] if given else next(iter(passed), None)
    if variant is None:
        return []
    champion = Champion(release.id, variant)
    stores = release.variant(variant).by_store
    label = f"{variant} of {release.id}, the same season last year"
    return [Comparator(LAST_YEAR, label, dict.fromkeys(stores, champion))]
