"""What alerts say."""

from tasks.state import alerts
from tests.support.manifests import changed, manifest, variant


def test_nothing_passed_names_the_baseline_and_its_reasons() -> None:
    baseline = changed(variant("lstm-64", verdict="fail"), reasons=("too bad", "too few days"))
    said = alerts.nothing_passed(manifest(variants=[baseline], release="20260101-ab"))
    assert (said.id, said.severity) == ("nothing-passed-20260101-ab", "critical")
    assert said.message == "no release: lstm-64: too bad; too few days. Stores keep what they run"
