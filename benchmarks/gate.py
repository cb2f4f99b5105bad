"""Seconds to judge a candidate, and how often the gate is right about variants whose truth is known."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.size import peak_mb
from benchmarks.synthetic_gate import SyntheticGate
from tasks.forecasting.gate.bootstrap import Bootstrap
from tasks.forecasting.gate.checks import Check
from tasks.forecasting.gate.evidence import CHAMPION, Evidence
from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.gate.verdict import Verdict, judge

YEAR = 364
VARIANTS = 12
STORES = {500: 50, 5000: 500}
"""Number of series, and of the stores of 10 items that have them."""
GATES = 200
HOLDOUTS = (28, 56, 91, 182, YEAR)
WORSE = (0.0, 0.1, 0.3, 0.5, 1.0)
"""Percentage points of MAPE by which a variant is worse than the champion in truth, in all stores."""
IN_A_STORE = (2.0, 3.0, 5.0)
"""The same in one store of fifty."""
ALLOWANCE = 0.3

UNASKED = dict.fromkeys((name for name in Limits.model_fields if name.startswith("max_")), None)
OVERALL = Limits(**UNASKED | {"max_worse_than_champion_pp": ALLOWANCE})
BY_STORE = Limits(**UNASKED | {"max_worse_in_a_store_pp": Limits().max_worse_in_a_store_pp})


def main() -> None:
    """Print the times, then the operating curves."""
    _speed()
    _overall()
    _stores()


def _speed() -> None:
    """Print a row for each number of series, each in a process of its own, so that its memory is its own."""
    print(f"\ngate: {VARIANTS} variants on a holdout of {YEAR} days, {Limits().draws:,} draws")
    print("measure: errors of all forecasters by store, item class and day; peak: resident memory with the forecasts")
    print("".join(f"{name:>12}" for name in ("series", "measure s", "judge s", "together s", "peak MB")))
    together = []
    for series, stores in STORES.items():
        command = [sys.executable, "-m", "benchmarks.gate", str(stores)]
        took = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        together.append(took["measure"] + took["judge"])
        figures = (f"{took['measure']:.2f}", f"{took['judge']:.2f}", f"{together[-1]:.2f}", f"{took['peak_mb']:,.0f}")
        print("".join(f"{each:>12}" for each in (f"{series:,}", *figures)), flush=True)
    print(f"{max(STORES) // min(STORES)}x the series take {together[1] / together[0]:.1f}x the time")
    ours, loop = _against_a_loop()
    print(f"one interval: {1000 * ours:.1f} ms, {loop / ours:,.0f} times as fast as a loop over draws and days")


def _judge(stores: int) -> dict[str, float]:
    gate = SyntheticGate(stores=stores, items=10, days=YEAR)
    given = gate.given({f"variant {number}": 0.0 for number in range(VARIANTS)})
    start = time.perf_counter()
    evidence = Evidence.of(*given)
    measured = time.perf_counter()
    judge(evidence, Limits())
    return {"measure": measured - start, "judge": time.perf_counter() - measured, "peak_mb": peak_mb()}


def _against_a_loop(draws: int = 20) -> tuple[float, float]:
    """Seconds for the interval of one difference, and for the same by a loop, extrapolated from a few draws."""
    evidence = SyntheticGate(days=YEAR).evidence({"equal": 0.0})
    excess = (evidence.errors["equal"].percentage - evidence.errors[CHAMPION].percentage).sum(axis=0)
    counted = evidence.counted.sum(axis=0)
    start = time.perf_counter()
    for _ in range(20):
        Bootstrap(YEAR).ratio(excess, counted).bounds(0.95)
    ours = (time.perf_counter() - start) / 20
    errors, days, rng = excess.tolist(), counted.tolist(), np.random.default_rng(0)
    start = time.perf_counter()
    for _ in range(draws):
        total = over = 0.0
        for first in rng.integers(YEAR, size=YEAR // 28).tolist():
            for day in range(first, first + 28):
                total += errors[day % YEAR]
                over += days[day % YEAR]
    return ours, (time.perf_counter() - start) / draws * Limits().draws


def _overall() -> None:
    print(
        f"\noperating curve: % of {GATES} made-up gates in which a variant is passed against the champion, by how many"
    )
    print(f"pp of MAPE it is worse in truth, with an allowance of {ALLOWANCE:+g} pp; 5 stores of 10 items")
    print(_row("holdout", "sd, pp", *map(_points, WORSE), "all*"))
    for days in HOLDOUTS:
        gates = [
            SyntheticGate(days=days, seed=seed).evidence({_points(each): each for each in WORSE})
            for seed in range(GATES)
        ]
        strays = np.std([gate.mape(_points(0)) - gate.mape(CHAMPION) for gate in gates])
        passed = [[_check(each, "champion").outcome == "pass" for each in judge(gate, OVERALL)[1:]] for gate in gates]
        every = [judge(gate, Limits())[1].outcome == "pass" for gate in gates]
        print(_row(f"{days} d", f"{strays:.2f}", *_percent(passed), *_percent(every)), flush=True)
    print("sd: by how much the difference measured strays between forecasters that are equal in truth")
    print("*: equal variants that pass every check at its default limit")


def _stores() -> None:
    limit = BY_STORE.max_worse_in_a_store_pp
    print(
        f"\nthe same of one store of fifty, 4 items each, with the default limit of {limit:+g} pp: % of gates in which"
    )
    print(
        "the bad store is found, and no other is; and in which any is, where none is bad or where all are at the limit"
    )
    print(_row("holdout", *map(_points, IN_A_STORE), "none bad", "at limit"))
    for days in HOLDOUTS:
        shares = _percent([_answers(days, seed) for seed in range(GATES)])
        print(_row(f"{days} d", *shares), flush=True)


def _answers(days: int, seed: int) -> list[bool]:
    """For each size of error, whether the one bad store is named; then false alarms without one, and at the limit."""
    bad = np.arange(50) == seed % 50
    truth: dict[str, float | NDArray[np.float64]] = {_points(each): np.where(bad, each, 0) for each in IN_A_STORE}
    truth |= {"none": 0.0, "limit": float(BY_STORE.max_worse_in_a_store_pp or 0)}
    *ones, none, limit = judge(SyntheticGate(stores=50, items=4, days=days, seed=seed).evidence(truth), BY_STORE)[1:]
    explained = [_check(each, "store").counterfactual for each in ones]
    named = [each is not None and each.stores == (str(seed % 50 + 1),) for each in explained]
    return [*named, *(_check(each, "store").outcome == "fail" for each in (none, limit))]


def _check(verdict: Verdict, name: str) -> Check:
    return next(check for check in verdict.checks if check.name == name)


def _points(worse: float) -> str:
    return f"{worse:+g} pp" if worse else "equal"


def _percent(answers: Sequence[object]) -> list[str]:
    return [f"{100 * share:.1f}" for share in np.atleast_1d(np.mean(answers, axis=0))]


def _row(*figures: str) -> str:
    return "".join(f"{each:>10}" for each in figures)


if __name__ == "__main__":
    print(json.dumps(_judge(int(sys.argv[1]))))
