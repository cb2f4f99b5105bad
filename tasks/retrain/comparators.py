"""Whom a candidate is compared with: what the stores run, ran within the year, and got in the same season last year."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tasks.forecasting.gate.evidence import BUDGET, CHAMPION, LAST_YEAR, QUARTERS, SAME_SEASON, YEAR
from tasks.state import ledger
from tasks.state.home import Home
from tasks.state.ledger import Champion
from tasks.state.release import releases


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
    current = {store: stack[-1] for store, stack in ledger.champions(home).items()}
    found = [Rival(CHAMPION, "what the stores run", current), *_within_the_year(home, now), *_last_year(home, last_day)]
    return [rival for rival in found if rival.of_store]


def _within_the_year(home: Home, now: datetime) -> list[Rival]:
    """What each store ran a number of days ago, or first if it ran nothing then; nothing twice."""
    first, found = ledger.first_champions(home), list[Rival]()
    for days, ago in QUARTERS.items():
        then = {store: stack[-1] for store, stack in ledger.champions(home, now - timedelta(days)).items()}
        of_store = first | then
        if of_store not in [each.of_store for each in found]:
            found.append(Rival(f"{BUDGET} {days}", f"what the stores ran {ago} ago, or first", of_store))
    return found


def _last_year(home: Home, last_day: date) -> list[Rival]:
    """The release of the same season, with the variant that most stores got of it."""
    ages = {each: (last_day - each.manifest.snapshot.last_day).days - YEAR for each in releases(home)}
    near = {release: abs(off) for release, off in ages.items() if abs(off) <= SAME_SEASON}
    if not near:
        return []
    release = min(near, key=lambda each: near[each])
    given = Counter(entry.variant for entry in ledger.read(home, ["promotion"]) if entry.release == release.id)
    passed = [each.name for each in release.manifest.passed]
    variant = given.most_common(1)[0][0] if given else next(iter(passed), None)
    if variant is None:
        return []
    champion = Champion(release.id, variant)
    stores = release.variant(variant).by_store
    return [Rival(LAST_YEAR, f"{variant} of {release.id}, the same season last year", dict.fromkeys(stores, champion))]
