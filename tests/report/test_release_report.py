"""The report and the card, rendered from a manifest made by hand."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from altair import SchemaBase

from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.forecasting.rollout.costs import CostModel
from tasks.report.charts.gate import gate_chart
from tasks.report.charts.series import series_chart
from tasks.report.charts.size import size_chart
from tasks.report.charts.style import svg
from tasks.report.release_report import card, report
from tasks.report.sentences.headline import caution, detail, headline, lead
from tasks.state.manifest import Manifest, PolicyRecord
from tests.support.manifests import (
    FILES,
    HISTORY,
    HOSTILE,
    NO_SEASONS,
    WOULD,
    changed,
    manifest,
    samples,
    scores,
    variant,
    with_check,
)

DRAWN: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def each_chart_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes a second a page, and most pages here show the same."""

    def told(argument: Any) -> Any:
        """What a drawing depends on."""
        if isinstance(argument, SchemaBase):
            return id(argument)
        if isinstance(argument, Manifest):
            return argument.model_dump_json(include={"variants", "references"})
        return str(argument)

    def once(draw: Callable[..., Any]) -> Callable[..., Any]:
        def drawn(*arguments: Any) -> Any:
            key = f"{draw.__name__} {json.dumps([told(each) for each in arguments])}"
            if key not in DRAWN:
                DRAWN[key] = draw(*arguments)
            return DRAWN[key]

        return drawn

    for draw in (size_chart, series_chart, gate_chart):
        monkeypatch.setattr(f"tasks.report.release_report.{draw.__name__}", once(draw))
    monkeypatch.setattr("tasks.report.page.svg", once(svg))


@pytest.mark.parametrize(("recipe", "shown"), [("reference", True), ("production", False)])
def test_published_figures_stand_beside_the_reference_recipe_only(recipe: str, shown: bool) -> None:
    made = manifest(recipe)
    assert ("15.92" in report(made, [])) is ("15.92" in card(made)) is shown


def test_undefined_is_a_dash_and_never_zero() -> None:
    unknown = variant("lstm-16", mape=None)
    undefined = dict.fromkeys(
        ("mape_std", "wape", "bias_pct", "coverage", "latency_us", "file_bytes", "transfer_bytes")
    )
    made = manifest(variants=[variant("lstm-64"), changed(unknown, **undefined)])
    cells = re.search(r'<th scope="row">lstm-16</th>(.*?)</tr>', report(made, []), re.S)
    assert cells
    texts = [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", cells[1], re.S)]
    assert texts == ["? abstain", *["–"] * 8, "4.57", "14.5x"]
    assert "| lstm-16 | 4.57 | 14.5 | – | – | – | – | – | – | – | – | – | – | abstain |" in card(made)


def test_a_variant_without_a_file_says_so() -> None:
    made = manifest(variants=[variant("lstm-64"), variant("lstm-16", mape=None)])
    files = {name: file for name, file in made.files.items() if name != "lstm-16.tflite"}
    assert report(changed(made, files=files), []).count("No file is shipped.") == 1


def test_page_and_card_begin_with_the_headline_and_what_it_rests_on() -> None:
    made = manifest()
    for text in (report(made, []), card(made)):
        for words in (headline(made), lead(made), detail(made)):
            assert words in text
    assert f"<h1>{headline(made)}</h1>" in report(made, [])


def test_a_candidate_that_was_refused_says_what_the_nearest_lacked() -> None:
    beaten = "MAPE of 16.50 % is not below the 14.15 % of the reference forecast, which needs no network"
    nearest = changed(variant("lstm-32-int8", 16.5), verdict="fail")
    nearest = with_check(nearest, -1, outcome="fail", sentence=beaten, counterfactual=WOULD)
    worse = with_check(variant("lstm-64", 16.4, verdict="fail"), -1, outcome="fail")
    made = manifest("reference", [worse, nearest])
    page = report(made, [])
    assert f"<li>reference: {beaten}; {WOULD.sentence}.</li>" in page
    assert "What lstm-32-int8 lacked." in page and "<title>Candidate " in page
    for text in (page, card(made)):
        assert "None of the 2 variants passed the gate." in text
    assert f"- lstm-32-int8, fail: {beaten}; {WOULD.sentence}" in card(made)


def test_a_forecast_without_a_network_that_wins_is_told_of_first() -> None:
    made = manifest(variants=[variant("lstm-64", mape=13.36)])
    said = caution(made)
    assert said and said in card(made) and f"<strong>Read this first.</strong> {said}" in report(made, [])
    assert "Read this first" not in report(manifest(variants=[variant("lstm-64", mape=13.0)]), [])


def test_small_negative_numbers_do_not_become_minus_zero() -> None:
    assert "−0.00" not in report(manifest(variants=[changed(variant("lstm-64"), bias_pct=-0.001)]), [])


def verdicts(page: str) -> str:
    found = re.search(r'<h2 id="verdicts">.*?(?=<h2)', page, re.S)
    assert found
    return found[0]


def test_a_refusal_says_what_would_have_passed_and_comes_first() -> None:
    page = verdicts(report(manifest(variants=[variant("lstm-64"), variant("lstm-16", verdict="fail")]), []))
    summaries = re.findall(r"<summary><b>(.*?)</b>.*?<span>([^<]*)</span></summary>", page)
    assert summaries[:2] == [
        ("lstm-16", f"fail: MAPE against 30 %; {WOULD.sentence}"),
        ("lstm-64", "passed every check that applies"),
    ]
    assert page.count("It would have passed with a MAPE 0.31 pp lower") == 1


def test_variants_that_say_the_same_are_told_of_once() -> None:
    apart = with_check(variant("lstm-16"), 1, value=14.0, low=13.8, high=14.2, sentence="MAPE is 14 %")
    page = verdicts(report(manifest(variants=[variant("lstm-64"), variant("lstm-32"), apart]), []))
    assert "<b>3 variants</b>" in page and "lstm-64, lstm-32, lstm-16" in page
    assert cells(page, "absolute")[2:] == ["13.36 to 14.00 %", "13.16 to 14.20 %", "30.00 %"]
    assert "<b>lstm-64, lstm-32:</b> pass: MAPE against 30 %" in page and "<b>lstm-16:</b> MAPE is 14 %" in page
    assert page.count("pass: champion against 0.5") == 1, "all say it, so none is named"


def test_checks_show_their_bounds_and_what_was_not_asked_is_a_remark() -> None:
    made = manifest(variants=[variant("lstm-64")])
    page = report(made, [])
    assert cells(verdicts(page), "absolute")[2:] == ["13.36 %", "13.16 to 13.56 %", "30.00 %"]
    assert cells(verdicts(page), "champion")[2:] == ["0.12 pp", "−0.08 to 0.32 pp", "0.50 pp"]
    assert "Not asked: size (no parent)." in page
    assert 'class="badge not-applicable"' not in page
    assert "each bound holds with 95 %" in page
    assert cells(verdicts(page), "lstm-64") == [
        *("2 of 3", "13.36 %", "13.36 %", "0.76", "0.74"),
        "MAPE by store from 13.20 % (store 1) to 13.90 % (store 2).",
    ]
    assert "- champion: 0.12 pp (−0.08 to 0.32 pp), limit 0.50 pp: pass" in card(made)
    assert "- MAPE rises most in store 3 (+0.12 pp), against what runs there." in card(made)


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (0.12, "<dt>MAPE rises most in</dt><dd>store 3</dd><dd>+0.12 pp against what runs there</dd>"),
        (-0.34, "<dt>MAPE falls least in</dt><dd>store 3</dd><dd>−0.34 pp against what runs there</dd>"),
        (-0.001, "<dt>MAPE rises in</dt><dd>no store</dd><dd>against what runs there</dd>"),
    ],
)
def test_an_improvement_is_not_shown_as_a_fault(difference: float, said: str) -> None:
    one = changed(variant("lstm-64"), worst_off=({"name": "3", "difference": difference},))
    assert said in report(manifest(variants=[one]), [])


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (MapePolicy(), "MAPE counts days with sales above zero."),
        (MapePolicy(zero_days="as one unit"), "the error is divided by one unit"),
        (MapePolicy(returns="as no sales"), "more returns than sales count as days without a sale"),
        (MapePolicy(closed_days="count"), "a whole store sold nothing count like any other"),
        (MapePolicy(min_volume=0.5), "less than 0.5 units a day are left out of MAPE"),
        (MapePolicy(min_coverage=40), "covers less than 40 % of the days"),
    ],
)
def test_page_and_card_say_which_days_count(policy: MapePolicy, said: str) -> None:
    made = manifest(policy=PolicyRecord.model_validate(policy))
    for text in (report(made, []), card(made)):
        assert said in text and policy.hash in text
    assert ("over days with sales above zero" in report(made, [])) is (policy.zero_days == "leave out")


def test_the_page_says_where_the_best_does_well_and_badly() -> None:
    page = report(manifest(files={"scores.parquet": {"sha256": "ab" * 32, "bytes": 9}}), [], scores())
    assert "Where lstm-16-p50-int8 does well and badly" in page
    rows = page[page.index('id="breakdown"') :]
    shown, folded = rows.split("<summary><b>30 more, the worst first</b></summary>")
    assert cells(shown, "39")[:3] == ["51.00", "51.30", "−0.30"]
    assert cells(shown, "39")[7:11] == ["0.80", "0.80", "–", "–"]
    assert cells(folded, "0")[0] == "12.00" and 'scope="row">0<' not in shown
    assert "<summary><b>30 more stores</b></summary>" in rows
    assert "<b>By weekday</b>: MAPE from 12.00 % (Monday) to 13.00 % (Tuesday)" in rows
    assert '<td class="cell better">' in rows
    assert 'id="breakdown"' not in report(manifest(), [])


def test_of_very_many_groups_the_page_says_where_the_others_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.report.breakdown.MOST", 30)
    kept = manifest(files={"scores.parquet": {"sha256": "ab" * 32, "bytes": 9}})
    assert report(kept, [], scores()).count("another 10 are in scores.parquet, beside this file") == 2
    assert report(manifest(), [], scores()).count("another 10 are left out here") == 2


@pytest.mark.parametrize("recipe", ["production", "reference"])
def test_the_report_loads_nothing_and_runs_nothing(recipe: str) -> None:
    page = report(manifest(recipe), samples())
    assert not re.search(r"https?://|//[a-z]|<script|@import|url\(|\son\w+=|<iframe|<object", page, re.I)
    assert [link for link in re.findall(r'(?:src|href)="([^"]*)"', page) if not link.startswith("#")] == ["data:,"]
    assert "default-src 'none'" in page


def test_the_report_says_what_its_numbers_mean() -> None:
    page = report(manifest(), samples())
    for words in (
        "over days with sales above zero",
        "99.9",
        "not bytes shipped",
        "means over 3 runs",
        "2 of 3",
        "2 of 50 series, taken at even steps",
    ):
        assert words in page


def test_charts_have_names_and_tables_have_scopes() -> None:
    page = report(manifest(), samples())
    assert len(re.findall(r'<svg role="img" aria-label="[^"]+"', page)) == len(re.findall("<svg", page)) == 6
    assert not re.search(r"<th(?![^>]*scope=)[\s>]", page)


def test_hostile_names_stay_text() -> None:
    words = {"name": HOSTILE, "reasons": [HOSTILE], "by_store": {HOSTILE: 1.0, "2": 2.0}}
    hostile = changed(variant("lstm-64", verdict="fail"), **words, worst_off=[{"name": HOSTILE, "difference": 0.1}])
    hostile = with_check(hostile, 1, name=HOSTILE, sentence=HOSTILE, counterfactual=changed(WOULD, sentence=HOSTILE))
    excluded = (HISTORY.exclude[0], HISTORY.exclude[1].model_copy(update={"stores": (HOSTILE,), "reason": HOSTILE}))
    made = manifest(
        variants=[hostile, variant("lstm-16")],
        release=HOSTILE,
        reason=HOSTILE,
        packages={HOSTILE: HOSTILE},
        history=HISTORY.model_copy(update={"exclude": excluded}),
    )
    page = report(made, samples(HOSTILE), scores(HOSTILE, "lstm-16"))
    assert "<script" not in page and page.count("&lt;script") > 30
    assert "&lt;script" in page
    assert "<script" not in card(made)
    assert "[a](" not in card(made).replace("\\[a\\](", "")


def test_the_training_window_is_said_in_words() -> None:
    for text in (report(manifest(), samples()), card(manifest())):
        assert "the last 730 days before the 7 most recent, series of at least 28 days." in text
        assert "2017-03-06 to 2017-03-12, all stores: strike" in text
        assert "2017-05-01 to 2017-05-01, stores 2, 3: roof " in text
        assert "cd" * 32 in text
    whole = {"days": None, "held_back_days": 0, "min_days": 15, "exclude": []}
    for text in (report(manifest(history=whole), samples()), card(manifest(history=whole))):
        assert "all days, series of at least 15 days." in text
        assert "Left out" not in text


def test_a_hostile_name_breaks_no_row_of_the_card() -> None:
    made = manifest(variants=[changed(variant("lstm-64"), name="a|b\nc")])
    assert re.search(r"^\| a\\\|b c \| 66\.25 \|", card(made), re.M)


@pytest.mark.parametrize("recipe", ["production", "reference"])
def test_the_table_of_the_card_is_whole(recipe: str) -> None:
    lines = [line for line in card(manifest(recipe)).splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(FILES) + 2
    assert {line.count("|") for line in lines} == {18 if recipe == "reference" else 15}


def differing() -> Manifest:
    """Three variants on the front, one dominated by one that was refused, one without a validation MAPE."""
    known = {"lstm-64": 13.70, "lstm-32": 13.71, "lstm-32-p30": 13.80, "lstm-16-int8": 13.90, "lstm-16": 13.75}
    made = [variant(name, verdict="fail" if name == "lstm-16" else "pass") for name in (*known, "lstm-16-p50")]
    return manifest(variants=[changed(one, validation_mape=known.get(one.name)) for one in made])


def section(page: str) -> str:
    """Which one for which device."""
    found = re.search(r'<h2 id="choice">.*?(?=<h2>)', page, re.S)
    assert found
    return found[0]


def cells(page: str, name: str) -> list[str]:
    """Of a variant's first row."""
    found = re.search(rf'<th scope="row">{name}[ <].*?</tr>', page, re.S)
    assert found
    return [" ".join(re.sub(r"<[^>]+>", "", cell).split()) for cell in re.findall(r"<td.*?</td>", found[0], re.S)]


def test_report_and_card_say_which_variant_a_device_class_gets_and_why() -> None:
    made = differing()
    assert [choice.variant for choice in made.choices] == ["lstm-16-int8", "lstm-32"]
    for choice in made.choices:
        assert choice.reason.startswith(f"{choice.variant}: ")
        for text in (section(report(made, [])), card(made)):
            assert choice.device in text and choice.reason in text
    assert len(re.findall(r'<tr class="best">', section(report(made, [])))) == 2
    devices = report(made, []).split('<h2 id="devices">')[1].split("<h2")[0]
    assert cells(devices, "shelf-label")[:3] == ["lstm-16-int8", "13.36 %", "3,136 bytes"]


def test_default_prices_are_said_to_be_an_example_and_folded_away() -> None:
    own = CostModel(per_mape_pp=80)
    for costs, example in ((CostModel(), True), (CostModel(currency="CHF"), True), (own, False)):
        page = section(report(changed(differing(), costs=costs), []))
        assert ("example prices" in page) is ("at example prices" in page) is example
        assert ('<details class="plain" open>' in page) is not example


def test_a_device_that_nothing_fits_is_told_why() -> None:
    made = manifest(variants=[variant("lstm-64")])
    nothing = next(choice for choice in made.choices if choice.variant is None)
    assert f"nothing: {nothing.reason}" in report(made, []) and f"Nothing fits a {nothing.device}." in lead(made)


def test_the_ranking_shows_every_part_of_the_cost_and_why_one_does_not_fit() -> None:
    label, till = section(report(differing(), [])).split('<b id="choice-2">')
    fits = "4 KB of flash, 8.5 KB of RAM, a forecast within 5.0 ms, an update within 2 s at 20 kbit/s"
    assert fits in report(differing(), [])
    misfit = "needs 67.6 KB of flash, the device has 4"
    front = ["69,172", "62,653", "13.70", "3.26", "0.00", "52.00", "55.26", "on it"]
    assert cells(label, "lstm-64") == ["✕ no", *front, misfit]
    assert cells(till, "lstm-64") == ["✓ yes", *front]
    assert cells(till, "lstm-32") == [
        "✓ chosen",
        "18,868",
        "16,610",
        "13.71",
        "0.86",
        "1.00",
        "52.00",
        "53.86",
        "on it",
    ]
    assert cells(till, "lstm-32-p30")[8] == "dominated by lstm-16, refused"
    assert cells(till, "lstm-16-p50") == ["✓ yes", "6,004", "3,100", *["–"] * 6]
    assert "The gate did not pass lstm-16." in label
    assert 'scope="row">lstm-16<' not in label + till


def test_a_dominated_variant_is_marked_and_by_which() -> None:
    padded = changed(variant("lstm-32-p30"), validation_mape=13.9, transfer_bytes=17_000)
    made = manifest(variants=[variant("lstm-64"), variant("lstm-32"), padded])
    page = report(made, [])
    assert cells(section(page), "lstm-32-p30")[8] == "dominated by lstm-32"
    marked = re.findall(r'<th scope="row">(\S+) <span class="sd"><span aria-hidden="true">◇', page)
    assert marked == ["lstm-64", "lstm-32-p30"]


@pytest.mark.parametrize(("changes", "rankings"), [({}, 2), ({"choices": []}, 0)], ids=["two classes", "no class"])
def test_a_long_ranking_is_folded_and_none_is_no_section(changes: dict[str, Any], rankings: int) -> None:
    own = {"costs": CostModel(per_retrain=6), **changes}
    assert report(manifest(**own), []).count('<details class="plain" open>') == rankings
    many = [changed(variant("lstm-64"), name=f"lstm-{units}") for units in range(64, 51, -1)]
    assert report(manifest(variants=many, **own), []).count("13 variants, cheapest first") == rankings
    assert '<details class="plain" open>' not in report(manifest(variants=many, **own), [])


def test_where_nothing_passed_there_is_no_choice() -> None:
    made = manifest(variants=[variant("lstm-64", verdict="fail")])
    assert [choice.reason for choice in made.choices] == ["no variant passed the gate"] * 2
    assert 'id="choice"' not in report(made, []) and "## Choice" not in card(made)


def test_charts_without_a_measured_variant_are_still_drawn() -> None:
    made = manifest(variants=[variant("lstm-64", mape=None)], references=[])
    assert "abstain" in report(made, [])


@pytest.mark.parametrize(
    ("scaling", "formula"),
    [
        ({"kind": "window-mean", **NO_SEASONS}, "max(0, base * index * (1 + output))"),
        ({"kind": "global-min-max", "low": 0.0, "high": 231.0}, "max(0, low + (high - low) * output)"),
        (
            {"kind": "running-level", "span": 60, **NO_SEASONS},
            "level += max(2 / (60 + 1), 1 / days) * (result - level)",
        ),
    ],
)
def test_the_card_says_how_a_device_calls_the_file(scaling: dict[str, Any], formula: str) -> None:
    text = card(manifest(scaling=scaling))
    assert formula in text
    assert "Reset all variables" in text


@pytest.mark.parametrize(
    ("scaling", "sentence"),
    [
        ({"kind": "global-min-max", "low": 0.0, "high": 1.0}, "Seasons are not modelled apart from the window."),
        ({"kind": "window-mean", **NO_SEASONS}, "No season was found that pays."),
        (
            {
                "kind": "running-level",
                "span": 60,
                **NO_SEASONS,
                "weekday": [1.2, *[0.97] * 6],
                "annual": [[0.1, 0.2]],
                "days": {"2026-12-25": 0.3},
                "groups": [{"items": ["1"], **NO_SEASONS}],
            },
            "knows weekdays, the time of year, 1 holiday or event day, separately for 1 group of items.",
        ),
    ],
)
def test_the_card_says_what_of_the_calendar_is_known(scaling: dict[str, Any], sentence: str) -> None:
    text = card(manifest(scaling=scaling))
    assert sentence in text
    assert "{{" not in text
