"""What alerts say."""

from tasks.state import alerts


def test_nothing_passed_names_the_baseline_and_its_reasons() -> None:
    manifest = {"release": "20260101-ab", "variants": [{"name": "lstm-64", "reasons": ["too bad", "too few days"]}]}
    said = alerts.nothing_passed(manifest)
    assert (said.id, said.severity) == ("nothing-passed-20260101-ab", "critical")
    assert said.message == "no release: lstm-64: too bad; too few days. Stores keep what they run"
