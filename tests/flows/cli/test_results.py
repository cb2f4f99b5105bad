"""The JSON of commands that run no flow: undefined numbers are null, and other keys are refused."""

import json
from datetime import date

import pytest
from pydantic import ValidationError

from flows.cli.results import ErrorResult, JudgeResult, StatusResult, StoreStatus, VerdictAgain
from tasks.forecasting.gate.limits import Limits

NAN = float("nan")


def verdict(name: str, outcome: str) -> VerdictAgain:
    made = {"name": name, "verdict": outcome, "before": None, "mape": NAN, "reasons": (), "checks": (), "worst_off": ()}
    return VerdictAgain.model_validate(made)


def judged(*verdicts: VerdictAgain) -> JudgeResult:
    return JudgeResult(release="r", policy="p", limits=Limits(), variants=verdicts)


@pytest.mark.parametrize(
    ("outcomes", "passed"), [((), False), (("fail", "abstain"), False), (("fail", "pass"), True)], ids=str
)
def test_a_release_passes_if_any_variant_does(outcomes: tuple[str, ...], passed: bool) -> None:
    assert judged(*(verdict(f"lstm-{number}", each) for number, each in enumerate(outcomes))).passed is passed


def test_a_verdict_that_was_never_given_is_null() -> None:
    (written,) = json.loads(judged(verdict("lstm-8", "pass")).model_dump_json())["variants"]
    assert (written["before"], written["mape"]) == (None, None)


def test_a_status_comes_back_with_what_is_unknown_as_null() -> None:
    store = StoreStatus(
        store="1", release="r", variant="v", gated_mape=NAN, mape=9.5, drift_pp=NAN, days=3, previous=None
    )
    status = StatusResult(
        home="h",
        snapshot=1,
        last_day=date(2026, 1, 5),
        newest_release=None,
        stores=(store,),
        alerts=(),
        overrides=(),
        quarantine={"negative sales": 2},
    )
    written = json.loads(status.model_dump_json())
    assert written["schema_version"] == 1 and written["last_day"] == "2026-01-05"
    assert (written["stores"][0]["gated_mape"], written["stores"][0]["drift_pp"]) == (None, None)
    assert StatusResult.model_validate_json(json.dumps(written)) == status


def test_a_result_has_no_other_keys() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        ErrorResult.model_validate({"error": "x", "hint": "y"})
    with pytest.raises(ValidationError, match="schema_version must be 1; received 2"):
        ErrorResult.model_validate({"error": "x", "schema_version": 2})
