"""A backtest's result made by hand, of three cadences under three limits."""

from typing import Any

from tasks.report.backtest_result import BacktestResult, DifferenceRecord

WHY = "MAPE above what the stores run, the model of 2024-01-03, is 0.80 pp, over the limit of 0.5 pp"
WHAT_IF = "it would have passed with a MAPE 0.45 pp lower"
ERRORS = {"coverage": 99.9, "wape": 8.1, "bias_pct": -0.2, "mase": 0.712, "rmsse": 0.722}
LIMITS = {"no gate": {}, "the settings' gate": {}, "no loss at all": {"max_worse_than_champion_pp": 0.0}}


def decision(day: str, outcome: str) -> dict[str, Any]:
    refused = outcome != "pass"
    return {
        "day": day,
        "outcome": outcome,
        "promoted": not refused,
        "reasons": [WHY] * refused,
        "counterfactuals": [WHAT_IF] * (outcome == "fail"),
    }


def row(name: str, mape: float | None, outcomes: list[str], cost: float | None = 3.0) -> dict[str, Any]:
    costs = {"errors": 1.0, "retraining": 1.5, "sending": 0.5, "total": cost}
    return {
        "name": name,
        "retrains": len(outcomes) - 1,
        **{"mape": mape, "days": 7280, **ERRORS},
        "promotions": outcomes.count("pass"),
        "refusals": len(outcomes) - outcomes.count("pass"),
        "days_without_a_model": 0,
        "cost": cost,
        "costs": None if cost is None else costs,
        "decisions": [decision(f"2024-0{number + 1}-03", each) for number, each in enumerate(outcomes)],
    }


def difference(against: str, value: float | None, low: float | None, high: float | None) -> DifferenceRecord:
    noise = {"more_than_noise": value is not None}
    return DifferenceRecord(cadence="monthly", against=against, value=value, low=low, high=high, **noise)


def result(**changes: Any) -> BacktestResult:
    series = {
        "mape_by_month": {"2024-01": 9.1, "2024-02": None},
        "mape_by_4_weeks": {"2024-01-03": 9.2, "2024-01-31": None, "2024-02-28": 9.4},
    }
    table = [
        row("monthly", 9.04, ["pass", "fail", "abstain"]),
        row("none", 9.14, ["pass"]),
        row("odd", None, ["fail"], None),
    ]
    made = {
        **{"variant": "lstm-16", "recipe": "production", "first_day": "2024-01-03", "last_day": "2024-12-31"},
        **{"days": 364, "stores": 5, "currency": "EUR", "best": "monthly", "sentence": "It costs least."},
        **{
            "profile": "quick",
            "report": "report.html",
            "trained": 0,
            "seconds": 1.0,
            "policy": "1008e1eeb160",
            "prices": {},
        },
        "cadences": [each | series for each in table],
        "limits": [{"name": name, "changes": changes, "cadences": table} for name, changes in LIMITS.items()],
        "differences": [
            {
                "cadence": "monthly",
                "against": "none",
                "value": -0.1,
                "low": -0.15,
                "high": -0.05,
                "more_than_noise": True,
            },
            {
                "cadence": "monthly",
                "against": "odd",
                "value": None,
                "low": None,
                "high": None,
                "more_than_noise": False,
            },
        ],
        "without_network": {"name": "14-day mean", "mape": 9.5, "days": 7280, **ERRORS, **series},
    }
    return BacktestResult.model_validate(made | changes)
