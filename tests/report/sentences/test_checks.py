"""Every sentence on a check, and on what would have passed, once."""

from dataclasses import replace
from typing import Any

import pytest

from tasks.forecasting.gate.checks import Check, Counterfactual, Devices, Fault, Files, Gap, Runs
from tasks.forecasting.gate.comparison import Estimate
from tasks.forecasting.gate.evidence import File
from tasks.forecasting.gate.groups import Group, Worst
from tasks.report.sentences.checks import GAPS, check_record, reasons, sentence, would_have_passed

NAN = float("nan")
OWN = File("lstm-32", "lstm-64", None, 18_868, 16_610)
PARENT = File("lstm-64", None, None, 69_172, 62_653)
KEPT = "what runs there, else the reference forecast"


def bounded(
    name: str,
    value: float,
    low: float,
    high: float,
    limit: float,
    outcome: str,
    against: str | None = None,
    **more: Any,
) -> Check:
    unit = "%" if name in ("absolute", "bias", "reference") else "pp"
    return Check(name, value, limit, unit, outcome, low, high, 0.95, against, **more)  # type: ignore[arg-type]


def groups(*differences: float, flagged: tuple[str, ...] = (), **more: Any) -> Worst:
    named = tuple(Group(str(number), each) for number, each in enumerate(differences, 1))
    return Worst(named, flagged, Estimate(NAN, NAN, NAN), NAN, more.get("undefined", ()), more.get("short", ()))


FACTS = {
    "a file that works": (
        Check("file", 0, 0, "faults", "pass", facts=Fault(None)),
        "the file loads and answers its golden samples",
    ),
    "a file that does not": (
        Check("file", 1, 0, "faults", "fail", facts=Fault("it does not load")),
        "the file is not usable: it does not load",
    ),
    "days": (Check("days", 27, 28, "days", "abstain"), "the holdout has 27 days, 28 are needed"),
    "one day": (Check("days", 1, 28, "days", "abstain"), "the holdout has 1 day, 28 are needed"),
    "coverage": (Check("coverage", 24.94, 25.0, "%", "abstain"), "MAPE covers 24.9 % of the days, 25 % are needed"),
    "smaller": (
        Check("size", 18_868, 69_172, "bytes", "pass", facts=Files(OWN, PARENT)),
        "the file (18,868 bytes on disk, 16,610 in transfer) is smaller than lstm-64's (69,172 and 62,653)",
    ),
    "no smaller": (
        Check("size", 69_172, 18_868, "bytes", "fail", facts=Files(PARENT, OWN)),
        "the file (69,172 bytes on disk, 62,653 in transfer) is no smaller than lstm-32's (18,868 and 16,610)",
    ),
    "a device": (
        Check("device", 1, 1, "device classes", "pass", facts=Devices({"till": None, "tag": "takes 9 us"})),
        "it fits a till; a tag cannot have it: it takes 9 us",
    ),
    "no device": (
        Check("device", 0, 1, "device classes", "fail", facts=Devices({"tag": "takes 9 us"})),
        "it fits no device class; a tag cannot have it: it takes 9 us",
    ),
    "fresh": (Check("freshness", 1, 7, "days", "pass"), "the last sales are 1 day old, within the limit of 7 days"),
    "stale": (Check("freshness", 9, 7, "days", "fail"), "the last sales are 9 days old, over the limit of 7 days"),
    "future": (Check("freshness", -2, 7, "days", "fail"), "the last sales are 2 days in the future"),
    "alike": (
        Check("spread", 0.1234, 1, "pp", "pass", facts=Runs(3)),
        "the standard deviation of MAPE over 3 runs is 0.123 pp, within the limit of 1 pp",
    ),
    "unlike": (
        Check("spread", 1.5, 1, "pp", "fail", facts=Runs(3)),
        "the standard deviation of MAPE over 3 runs is 1.500 pp, over the limit of 1 pp",
    ),
    "believable": (
        Check("too good", 6.4, 50, "%", "pass"),
        "MAPE is 6 % below the reference forecast's, which is believable",
    ),
    "not better at all": (
        Check("too good", -3.2, 50, "%", "pass"),
        "MAPE is 3 % above the reference forecast's, which is believable",
    ),
    "too good": (
        Check("too good", 93, 50, "%", "abstain"),
        "MAPE is 93 % below the reference forecast's, over the limit of 50 %: "
        "check whether sales of the holdout leaked into training",
    ),
}
ACCURACY = {
    "accurate": (
        bounded("absolute", 13.36, 13.2, 13.52, 30, "pass"),
        "MAPE is 13.36 %; its 95 % upper bound, 13.52 %, is within the limit of 30 %",
    ),
    "inaccurate, and its mean is not over the limit by as much as is needed": (
        bounded("absolute", 8.58, 8.2, 8.99, 8, "fail"),
        "MAPE is 8.58 %; its 95 % upper bound, 8.99 %, is over the limit of 8 %",
    ),
    "worse than the baseline": (
        bounded("baseline", 1.3, 1.1, 1.5, 1, "fail", "lstm-64"),
        "MAPE is 1.30 pp above that of the baseline lstm-64; the 95 % upper bound, +1.50 pp, is over the limit of 1 pp",
    ),
    "better than the parent": (
        bounded("parent", -0.02, -0.1, 0.06, 0.5, "pass", "lstm-32"),
        "MAPE is 0.02 pp below that of its parent lstm-32; the 95 % upper bound, +0.06 pp, is within the "
        "limit of 0.5 pp",
    ),
    "within the limit, but perhaps not": (
        bounded("champion", 0.3, -0.1, 0.7, 0.5, "fail", "what the stores run"),
        "MAPE is 0.30 pp above that of what the stores run; the 95 % upper bound, +0.70 pp, is over the limit of "
        "0.5 pp",
    ),
    "equal to last year's": (
        bounded("last year", -0.001, -0.1, 0.1, 0.5, "pass", "lstm-16 of 20231231-1a2b3c4d"),
        "MAPE is the same as that of lstm-16 of 20231231-1a2b3c4d; the 95 % upper bound, +0.10 pp, is within the limit "
        "of 0.5 pp",
    ),
    "over the budget": (
        bounded("budget", 1.2, 1.1, 1.3, 1, "fail", "what the stores ran 3 months ago"),
        "MAPE is 1.20 pp above that of what the stores ran 3 months ago; the 95 % upper bound, +1.30 pp, is over the "
        "limit of 1 pp",
    ),
    "below the reference": (
        bounded("reference", 13.36, 13.2, 13.5, 14.15, "pass", "14-day mean"),
        "MAPE of 13.36 % is below the 14.15 % of the reference forecast (14-day mean), with 95 % confidence",
    ),
    "perhaps below the reference": (
        bounded("reference", 14.1, 14.0, 14.2, 14.15, "fail", "14-day mean"),
        "MAPE of 14.10 % is below the 14.15 % of the reference forecast (14-day mean), but its 95 % upper bound, "
        "14.20 %, is not",
    ),
    "not below the reference": (
        bounded("reference", 16.5, 16.4, 16.6, 14.15, "fail", "14-day mean"),
        "MAPE of 16.50 % is not below the 14.15 % of the reference forecast (14-day mean), which needs no network",
    ),
    "little bias": (
        bounded("bias", -1.2, -2.1, -0.3, 10, "pass"),
        "the bias is -1.20 % of sales; its 95 % bound, -2.10 %, is within the limit of 10 %",
    ),
    "much bias": (
        bounded("bias", 9.8, 9.0, 10.6, 10, "fail"),
        "the bias is +9.80 % of sales; its 95 % bound, +10.60 %, is over the limit of 10 %",
    ),
    "too few days": (
        bounded("absolute", 13.36, 13.2, 13.52, 30, "abstain", gap="few days"),
        "MAPE is 13.36 %; its 95 % upper bound, 13.52 %, is within the limit of 30 %; "
        "but the holdout has too few days to be confident",
    ),
}
GROUPS = {
    "no bad store": (
        bounded("store", 0.31, 0.0, 0.9, 2, "pass", KEPT, facts=groups(0.31, -0.1)),
        f"none of 2 stores is significantly more than 2 pp worse than {KEPT}; the largest difference is +0.31 pp, "
        "in store 1",
    ),
    "every store better": (
        bounded("item class", -0.34, -0.9, 0.0, 2, "pass", KEPT, facts=groups(-0.34, -0.5)),
        f"none of 2 item classes is significantly more than 2 pp worse than {KEPT}; all have a lower MAPE, "
        "item class 1 by the least (0.34 pp)",
    ),
    "a bad store": (
        bounded("store", 6.1, 4.2, 8.0, 2, "fail", KEPT, facts=groups(6.1, 0.1, flagged=("1",), short=("9",))),
        f"store 1 is significantly worse: MAPE is 6.10 pp above that of {KEPT}, and the 95 % lower bound for all at "
        "once, +4.20 pp, is over the limit of 2 pp; too few days to judge 9",
    ),
    "two bad stores": (
        bounded("store", 6.1, 4.2, 8.0, 2, "fail", KEPT, facts=groups(6.1, 5.0, 0.1, flagged=("1", "2"))),
        f"store 1 is significantly worse: MAPE is 6.10 pp above that of {KEPT}, and the 95 % lower bound for all at "
        "once, +4.20 pp, is over the limit of 2 pp; so is 2",
    ),
    "three bad stores": (
        bounded("store", 6.1, 4.2, 8.0, 2, "fail", KEPT, facts=groups(6.1, 5.0, 4.9, flagged=("1", "2", "3"))),
        f"store 1 is significantly worse: MAPE is 6.10 pp above that of {KEPT}, and the 95 % lower bound for all at "
        "once, +4.20 pp, is over the limit of 2 pp; so are 2, 3",
    ),
}


@pytest.mark.parametrize(("check", "said"), [*FACTS.values(), *ACCURACY.values(), *GROUPS.values()])
def test_a_check_in_words(check: Check, said: str) -> None:
    assert sentence(check) == said


@pytest.mark.parametrize(
    ("name", "unit", "more", "said"),
    [
        ("absolute", "%", {}, "MAPE is undefined, so the limit of 0.5 % cannot be checked"),
        ("bias", "%", {}, "the bias is undefined, so the limit of 0.5 % cannot be checked"),
        ("spread", "pp", {}, "the spread of MAPE over runs is undefined, so the limit of 0.5 pp cannot be checked"),
        (
            "champion",
            "pp",
            {"against": "what the stores run"},
            "the difference of MAPE from what the stores run is undefined, so the limit of 0.5 pp cannot be checked",
        ),
        (
            "parent",
            "pp",
            {"against": "lstm-64"},
            "the difference of MAPE from its parent lstm-64 is undefined, so the limit of 0.5 pp cannot be checked",
        ),
        (
            "store",
            "pp",
            {"facts": groups(undefined=("3", "7"))},
            "the difference of MAPE by store in 3, 7 is undefined, so the limit of 0.5 pp cannot be checked",
        ),
        ("reference", "%", {}, "MAPE of the variant or of the reference forecast is undefined"),
        ("too good", "%", {}, "MAPE of the variant or of the reference forecast is undefined"),
    ],
)
def test_what_is_undefined_cannot_be_checked(name: str, unit: str, more: dict[str, Any], said: str) -> None:
    assert sentence(Check(name, NAN, 0.5, unit, "abstain", gap="undefined", **more)) == said


@pytest.mark.parametrize("gap", GAPS)
def test_a_question_that_does_not_arise_says_why(gap: Gap) -> None:
    check = Check("champion", NAN, 0.5, "pp", "not applicable", gap=gap)
    assert sentence(check) == GAPS[gap] and sentence(check)[0].islower() and not sentence(check).endswith(".")


TOO_HIGH = ACCURACY["inaccurate, and its mean is not over the limit by as much as is needed"][0]


@pytest.mark.parametrize(
    ("would", "said"),
    [
        (Counterfactual(0.99), "with a MAPE 0.99 pp lower (the bound counts, not the mean)"),
        (
            Counterfactual(0.99, ("3", "7"), ("2024-01-15", "2024-01-08")),
            "with a MAPE 0.99 pp lower (the bound counts, not the mean), or without store 3, 7, "
            "or without the weeks of 2024-01-08, 2024-01-15",
        ),
        (
            Counterfactual(0.99, most="2"),
            "with a MAPE 0.99 pp lower (the bound counts, not the mean); "
            "the error is spread over many stores, of which store 2 adds most",
        ),
    ],
)
def test_what_would_have_passed_adds_up_to_the_bound(would: Counterfactual, said: str) -> None:
    refused = replace(TOO_HIGH, counterfactual=would)
    assert would_have_passed(refused) == f"it would have passed {said}"
    assert round(refused.high - would.needed, 2) == refused.limit
    assert would_have_passed(TOO_HIGH) is None


@pytest.mark.parametrize(
    ("case", "stores", "said"),
    [
        ("a bad store", ("1",), "it would have passed with a limit of 4.2 pp, or without store 1"),
        ("two bad stores", ("1", "2"), "it would have passed with a limit of 4.2 pp, or without store 1, 2"),
    ],
)
def test_without_the_bad_stores_or_with_another_limit(case: str, stores: tuple[str, ...], said: str) -> None:
    assert would_have_passed(replace(GROUPS[case][0], counterfactual=Counterfactual(2.2, stores))) == said


def test_where_all_stores_are_bad_only_another_limit_would_do() -> None:
    facts = groups(6.1, 5.0, flagged=("1", "2"))
    check = bounded(
        "store", 6.1, 4.2, 8.0, 2, "fail", KEPT, facts=facts, counterfactual=Counterfactual(2.2, ("1", "2"))
    )
    assert would_have_passed(check) == "it would have passed with a limit of 4.2 pp"


def test_reasons_are_those_of_the_checks_that_refuse() -> None:
    checks = (FACTS["fresh"][0], FACTS["stale"][0], FACTS["days"][0], Check("x", NAN, 1, "pp", "not applicable"))
    assert reasons(checks) == [FACTS["stale"][1], FACTS["days"][1]]


def test_a_record_has_the_numbers_and_the_sentences() -> None:
    written = check_record(replace(TOO_HIGH, counterfactual=Counterfactual(0.99, ("3",), ("2024-01-08",))))
    assert (written.name, written.unit, written.outcome) == ("absolute", "%", "fail")
    assert (written.value, written.low, written.high, written.limit) == (8.58, 8.2, 8.99, 8)
    assert written.sentence == sentence(TOO_HIGH)
    would = written.counterfactual
    assert would and (would.needed, would.stores, would.weeks) == (0.99, ("3",), ("2024-01-08",))
    assert would.sentence.startswith("it would have passed with a MAPE 0.99 pp lower")
    assert check_record(TOO_HIGH).counterfactual is None


def test_a_rule_that_gives_other_facts_is_a_fault_of_ours() -> None:
    with pytest.raises(TypeError, match=r"the check size needs facts of the kind Files\. Received: None"):
        sentence(Check("size", 1, 2, "bytes", "pass"))
