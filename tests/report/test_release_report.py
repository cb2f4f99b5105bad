"""The report and the card, rendered from a manifest made by hand."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from altair import SchemaBase

from tasks.forecasting.accuracy.metrics import Accuracy
from tasks.forecasting.accuracy.policy import MapePolicy
from tasks.report.breakdown import ScoreRow
from tasks.report.charts.comparison import NARROW, WIDE, png, series_chart, size_chart, svg
from tasks.report.charts.gate import gate_chart
from tasks.report.explain import smallest
from tasks.report.release_report import PUBLISHED, ComparisonRow, card, caution, comparison, headline, report
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

    for draw in (size_chart, series_chart, gate_chart, svg):
        monkeypatch.setattr(f"tasks.report.release_report.{draw.__name__}", once(draw))


def row(rows: list[ComparisonRow], name: str) -> ComparisonRow:
    return next(one for one in rows if one.name == name)


def test_ratio_and_impact_are_those_of_the_article() -> None:
    published = [variant(name, mape=PUBLISHED[name][1]) for name in ("lstm-64", "lstm-32", "lstm-16", "lstm-32-int8")]
    rows = comparison(manifest(variants=published))
    figures = {one.name: (one.ratio, one.impact_pp) for one in rows[:4]}
    assert figures == {
        "lstm-64": (1.0, 0.0),
        "lstm-32": (3.9, 0.30),
        "lstm-16": (14.5, 0.82),
        "lstm-32-int8": (15.5, 0.29),
    }


def test_every_row_has_the_same_columns_and_references_come_last_without_a_size() -> None:
    rows = comparison(manifest())
    assert len({frozenset(one.model_fields_set) for one in rows}) == 1
    assert [one.verdict for one in rows[-2:]] == ["reference", "reference"]
    assert rows[-1].weights_kb is rows[-1].impact_pp is rows[-1].ratio is rows[-1].mape_std is None


def test_one_run_has_no_spread() -> None:
    assert comparison(manifest(variants=[variant("lstm-64", runs=1)]))[0].mape_std is None


@pytest.mark.parametrize(("recipe", "shown"), [("reference", True), ("production", False)])
def test_published_figures_stand_beside_the_reference_recipe_only(recipe: str, shown: bool) -> None:
    made = manifest(recipe)
    assert ("published_mape" in comparison(made)[0].model_fields_set) is shown
    assert ("15.92" in report(made, [])) is ("15.92" in card(made)) is shown


def test_the_published_figures_of_an_unpublished_variant_are_dashes() -> None:
    assert row(comparison(manifest("reference")), "lstm-16-int8").published_kb is None


def test_undefined_is_a_dash_and_never_zero() -> None:
    unknown = variant("lstm-16", mape=None)
    undefined = dict.fromkeys(
        ("mape_std", "wape", "bias_pct", "coverage", "latency_us", "file_bytes", "transfer_bytes")
    )
    made = manifest(variants=[variant("lstm-64"), changed(unknown, **undefined)])
    cells = re.search(r'<th scope="row">lstm-16</th>(.*?)</tr>', report(made, []), re.S)
    assert cells
    texts = [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", cells[1], re.S)]
    assert texts == ["? abstain", "4.57", "14.5x", *["–"] * 8]
    assert "| lstm-16 | 4.57 | 14.5 | – | – | – | – | – | – | – | – | – | – | abstain |" in card(made)


def test_a_variant_without_a_file_says_so() -> None:
    made = manifest(variants=[variant("lstm-64"), variant("lstm-16", mape=None)])
    files = {name: file for name, file in made.files.items() if name != "lstm-16.tflite"}
    assert report(changed(made, files=files), []).count("No file is shipped.") == 1


def test_small_negative_numbers_do_not_become_minus_zero() -> None:
    assert comparison(manifest(variants=[variant("lstm-64"), variant("lstm-32", mape=13.359)]))[1].impact_pp == 0
    assert "−0.00" not in report(manifest(variants=[changed(variant("lstm-64"), bias_pct=-0.001)]), [])


def test_the_smallest_is_the_smallest_that_passed() -> None:
    made = manifest(variants=[variant("lstm-64"), variant("lstm-16"), variant("lstm-16-int8", verdict="fail")])
    best = smallest(made)
    assert best
    assert best.name == "lstm-16"


def test_the_same_size_on_disk_is_decided_by_transfer() -> None:
    best = smallest(manifest())
    assert best
    assert best.name == "lstm-16-p50-int8"


def test_headline_compares_with_baseline_and_with_no_network() -> None:
    made = manifest(variants=[variant("lstm-64"), variant("lstm-16", mape=13.40)])
    assert headline(made) == (
        "lstm-16 is the smallest variant that passed: 6,004 bytes, MAPE 13.40 %; "
        "0.04 pp worse than the baseline lstm-64 (69,172 bytes) and "
        "0.09 pp worse than the best forecast without a network (14-day mean x weekday and month index)."
    )


def test_headline_says_when_nothing_passed() -> None:
    made = manifest(variants=[variant("lstm-64", verdict="fail"), variant("lstm-16", mape=None)])
    assert headline(made).startswith("None of the 2 variants passed")
    assert "None of the 2 variants passed" in report(made, [])
    assert "None of the 2 variants passed" in card(made)


@pytest.mark.parametrize(
    ("mapes", "says"),
    [
        ((13.36, 13.36), "lower than every network in this release"),
        ((13.20, 13.36), "lower than 1 of the 2 networks (lstm-16)"),
        ((13.36, None), "lower than every network in this release"),
    ],
)
def test_a_reference_that_beats_networks_is_named(mapes: tuple[float, float | None], says: str) -> None:
    made = manifest(variants=[variant("lstm-64", mapes[0]), variant("lstm-16", mapes[1])])
    for text in (caution(made), report(made, []), card(made)):
        assert text
        assert says in text
        assert "14-day mean x weekday and month index has a MAPE of 13.31 %" in text


def test_nothing_is_said_where_the_networks_win() -> None:
    made = manifest(variants=[variant("lstm-64", mape=13.0)])
    assert caution(made) is None
    assert "Read this first" not in report(made, [])


def test_headline_and_page_say_what_the_nearest_lacked() -> None:
    beaten = "MAPE of 16.50 % does not beat the 14.15 % of a 14-day mean x weekday index, without any network"
    nearest = changed(variant("lstm-32-int8", 16.5), verdict="fail")
    nearest = with_check(nearest, -1, outcome="fail", sentence=beaten, counterfactual=WOULD)
    worse = with_check(variant("lstm-64", 16.4, verdict="fail"), -1, outcome="fail")
    made = manifest("reference", [worse, nearest])
    assert headline(made).endswith(f" The nearest, lstm-32-int8: {beaten}.")
    page = report(made, [])
    assert f"<li>reference: {beaten}; {WOULD.sentence}.</li>" in page
    assert "What lstm-32-int8 lacked." in page and "<dd>1 of 4</dd>" in page
    assert f"- lstm-32-int8, fail: {beaten}; {WOULD.sentence}" in card(made)


def verdicts(page: str) -> str:
    found = re.search(r'<h2 id="verdicts">.*?(?=<h2)', page, re.S)
    assert found
    return found[0]


def test_a_refusal_says_what_would_have_passed_and_comes_first() -> None:
    page = verdicts(report(manifest(variants=[variant("lstm-64"), variant("lstm-16", verdict="fail")]), []))
    summaries = re.findall(r"<summary><b>(.*?)</b>.*?<span>([^<]*)</span></summary>", page)
    assert summaries == [
        ("lstm-16", f"fail: MAPE against 30 %; {WOULD.sentence}"),
        ("lstm-64", "MAPE rises most in store 3 (+0.12 pp), against what runs there"),
    ]
    assert page.count("It would have passed with a MAPE 0.31 pp lower") == 1


def test_checks_show_their_bounds_and_what_was_not_asked_is_a_remark() -> None:
    made = manifest(variants=[variant("lstm-64")])
    page = report(made, [])
    assert cells(verdicts(page), "absolute")[2:] == ["13.36 %", "13.16 to 13.56 %", "30.00 %"]
    assert cells(verdicts(page), "champion")[2:] == ["0.12 pp", "−0.08 to 0.32 pp", "0.50 pp"]
    assert "Not asked: size (no parent)." in page
    assert 'class="badge not-applicable"' not in page
    assert "each bound holds with 95 %" in page and "MASE 0.76, RMSSE 0.74." in page
    assert "- champion: 0.12 pp (−0.08 to 0.32 pp), limit 0.50 pp: pass" in card(made)
    assert "- MAPE rises most in store 3 (+0.12 pp), against what runs there." in card(made)


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


def errors(more: str = "", forecaster: str = "lstm-16-p50-int8") -> list[ScoreRow]:
    """Of 40 stores with two classes each; `more` is added to the groups' names."""
    others = {"wape": 10.0, "bias_pct": -0.1, "mase": 0.8, "rmsse": float("nan"), "coverage": 99.0, "days": 30}
    groups = {
        "": [""],
        "store": [str(store) for store in range(40)],
        "item class": ["A", "B"],
        "store x item class": [f"{store} x {name}" for store in range(40) for name in "AB"],
        "weekday": ["Monday", "Tuesday"],
    }
    return [
        ScoreRow(one, by, group + more, Accuracy(mape=mape + place, **others), MapePolicy().hash)
        for one, mape in ((forecaster, 12.0), ("reference", 12.3))
        for by, named in groups.items()
        for place, group in enumerate(named)
    ]


def test_the_page_says_where_the_best_does_well_and_badly() -> None:
    page = report(manifest(files={"scores.parquet": {"sha256": "ab" * 32, "bytes": 9}}), [], errors())
    assert "Where lstm-16-p50-int8 does well and badly" in page
    assert page.count("27 more are in scores.parquet, beside this file") == 1
    assert "27 more stores are in scores.parquet" in page
    rows = page[page.index('id="breakdown"') :]
    assert cells(rows, "39")[:3] == ["51.00", "51.30", "−0.30"]
    assert cells(rows, "39")[7:11] == ["0.80", "0.80", "–", "–"]
    assert "<b>By weekday</b>: MAPE from 12.00 % (Monday) to 13.00 % (Tuesday)" in rows
    assert '<td class="cell better">' in rows
    assert "27 more are left out here" in report(manifest(), [], errors())
    assert 'id="breakdown"' not in report(manifest(), [])


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
        "means over runs",
        "run 2 of 3",
        "store 2",
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
    page = report(made, samples(HOSTILE), errors(HOSTILE, "lstm-16"))
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


@pytest.mark.parametrize("chart", [size_chart(manifest()), series_chart(samples())], ids=["size", "series"])
def test_charts_become_svg_and_png(chart: Any) -> None:
    assert svg(chart).startswith('<svg role="img" aria-label="')
    assert png(chart).startswith(b"\x89PNG")


def test_size_chart_labels_every_variant_and_reference_once() -> None:
    image = svg(size_chart(manifest()))
    for name in FILES:
        assert len(re.findall(f">{name}</text>", image)) == 1
    assert len(re.findall("no network: ", image)) == 2


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_labels_of_the_size_chart_cover_no_other(width: int) -> None:
    image = svg(size_chart(manifest(), width))
    places = [
        (float(x), float(y))
        for x, y in re.findall(r"<text[^>]*translate\(([-\d.]+),([-\d.]+)\)[^>]*>lstm-[^<]*</text>", image)
    ]
    assert len(places) == len(FILES)
    near = [(a, b) for a in places for b in places if a < b and abs(a[0] - b[0]) < 60 and abs(a[1] - b[1]) < 13]
    assert near == []


def test_a_ruined_variant_does_not_flatten_the_others() -> None:
    image = svg(size_chart(manifest(variants=[variant("lstm-64"), variant("lstm-16", mape=331.0, verdict="fail")])))
    assert ">lstm-16 (331 %)</text>" in image
    assert ">300<" not in image


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


def test_the_ranking_shows_every_part_of_the_cost_and_why_one_does_not_fit() -> None:
    label, till = section(report(differing(), [])).split('<h3 id="choice-2">')
    assert "4 KB of flash, 8.5 of RAM, 5000 µs, 2 s at 20 kbit/s" in label
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
    assert row(comparison(made), "lstm-32-p30").dominated_by == "lstm-32"
    image = svg(size_chart(made))
    pale = {name for name in FILES if re.search(rf'opacity="0.5"[^>]*>{name}</text>', image)}
    assert pale == {"lstm-64", "lstm-32-p30"}


@pytest.mark.parametrize(("changes", "rankings"), [({}, 2), ({"choices": []}, 0)], ids=["two classes", "no class"])
def test_a_long_ranking_is_folded_and_none_is_no_section(changes: dict[str, Any], rankings: int) -> None:
    assert report(manifest(**changes), []).count('<details class="plain" open>') == rankings
    many = [changed(variant("lstm-64"), name=f"lstm-{units}") for units in range(64, 51, -1)]
    assert report(manifest(variants=many, **changes), []).count('<details class="plain">') == rankings


def test_where_nothing_passed_there_is_no_choice() -> None:
    made = manifest(variants=[variant("lstm-64", verdict="fail")])
    assert [choice.reason for choice in made.choices] == ["no variant passed the gate"] * 2
    assert 'id="choice"' not in report(made, []) and "## Choice" not in card(made)


def front_line(image: str) -> list[tuple[float, float]]:
    """Points of the step in the chart."""
    found = re.search(r'mark-line.*? d="(M[^"]*)"', image, re.S)
    assert found
    return [(float(x), float(y)) for x, y in re.findall(r"([-\d.]+),([-\d.]+)", found[1])]


def test_the_front_in_the_chart_steps_down_over_the_drawn_figures() -> None:
    mapes = {"lstm-64": 13.30, "lstm-32": 13.3496, "lstm-32-p30": 13.40, "lstm-16": 13.3504, "lstm-16-int8": 13.50}
    line = front_line(svg(size_chart(manifest(variants=[variant(name, mape) for name, mape in mapes.items()]))))
    across, down = [x for x, _ in line], [y for _, y in line]
    assert across == sorted(across) and down == sorted(down)
    assert len(set(down)) == 3, "lstm-16-int8, lstm-16, lstm-64; lstm-32 is larger than lstm-16 and shown as no better"
    assert len(set(across)) == 3


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
            "knows weekdays, the time of year, 1 holidays and days of events, for 1 groups of items apart.",
        ),
    ],
)
def test_the_card_says_what_of_the_calendar_is_known(scaling: dict[str, Any], sentence: str) -> None:
    text = card(manifest(scaling=scaling))
    assert sentence in text
    assert "{{" not in text
