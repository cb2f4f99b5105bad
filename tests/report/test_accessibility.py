"""Reports as axe-core sees them in a browser."""

from pathlib import Path

from tasks.report import backtest_report, release_report
from tests.support.backtests import result
from tests.support.browser import faults, needs_browser
from tests.support.manifests import manifest, samples, scores, variant


@needs_browser
def test_the_release_report_has_no_serious_finding(tmp_path: Path) -> None:
    made = manifest("reference", [variant(name) for name in ("lstm-64", "lstm-32", "lstm-16-int8")])
    page = release_report.report(made, samples(), scores(forecaster="lstm-16-int8"))
    assert faults(tmp_path, {"passed": page}) == []


@needs_browser
def test_the_report_of_a_refused_candidate_has_no_serious_finding(tmp_path: Path) -> None:
    made = manifest(variants=[variant("lstm-64", verdict="fail"), variant("lstm-32", mape=None)])
    assert faults(tmp_path, {"refused": release_report.report(made, [])}) == []


@needs_browser
def test_the_backtest_has_no_serious_finding(tmp_path: Path) -> None:
    made = result()
    other = made.limits[2].model_copy(update={"cadences": made.limits[2].cadences[::-1]})
    apart = made.model_copy(update={"limits": (*made.limits[:2], other)})
    assert faults(tmp_path, {"backtest": backtest_report.report(apart)}) == []


@needs_browser
def test_what_axe_finds_is_told(tmp_path: Path) -> None:
    found = faults(tmp_path, {"bad": '<html lang="en"><title>a</title><main><img src="data:,"></main></html>'})
    assert len(found) == 4 and "critical image-alt" in found[0]
