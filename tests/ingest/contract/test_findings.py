"""Findings: what refuses a batch, what refuses a store alone, what warns."""

from tasks.ingest.contract.findings import LONGEST_RAW, BadRow, Breach, Findings

ALONE = Breach("critical", "store 2 is bad", "bad_rows_of_a_store", ("2",), alone=True)
FINDINGS = Findings(
    (Breach("critical", "a"), Breach("critical", "b"), ALONE, Breach("warning", "c"), Breach("info", "d"))
)


def test_critical_breaches_refuse_the_batch_or_stores_alone() -> None:
    assert FINDINGS.refusal == "a; b"
    assert FINDINGS.refused_stores == ("2",)
    assert Findings((ALONE,)).refusal is None
    assert Findings().refusal is None


def test_people_hear_of_stores_refused_alone_and_of_warnings() -> None:
    assert FINDINGS.warnings == ["store 2 is bad", "c"]
    assert [breach.message for breach in FINDINGS.of("info")] == ["d"]


def test_a_long_row_is_cut() -> None:
    assert BadRow.of("a.csv", 2, "", "x" * LONGEST_RAW).raw == "x" * LONGEST_RAW
    assert BadRow.of("a.csv", 2, "", "x" * 5000).raw == "x" * LONGEST_RAW + "…"
