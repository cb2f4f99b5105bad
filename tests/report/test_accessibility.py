"""Reports as axe-core sees them in a browser."""

from pathlib import Path

from tasks.report import backtest_report, release_report
from tests.support.backtests import result
from tests.support.browser import faults, needs_browser
from tests.support.manifests import manifest, samples, scores, variant


@needs_browser
def test_the_release_report_has_no_serious_finding(tmp_path: Path) -> None:
    passed, refused = manifest("reference"), manifest(variants=[variant("lstm-64", verdict="fail")])
    pages = {
        "passed": release_report.report(passed, samples(), scores()),
        "refused": release_report.report(refused, samples(), scores(forecaster="lstm-64")),
    }
    assert faults(tmp_path, pages) == []


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
