"""What people are told of a batch."""

from pathlib import Path

from tasks import notify
from tasks.ingest.contract.findings import Breach, Findings
from tasks.ingest.validate import alerts


def test_a_refused_batch_is_critical_and_says_why(tmp_path: Path) -> None:
    breaches = Breach("critical", "there are no rows"), Breach("warning", "more rows than usual are bad")
    (said,) = alerts("ab12", Findings(breaches, docs=tmp_path / "ab12.html"))
    assert (said.id, said.kind, said.severity) == ("data-refused-ab12", "data-refused", "critical")
    assert (said.subject, said.message) == ("batch.ab12", "no sales were taken: there are no rows")
    assert said.link == (tmp_path / "ab12.html").as_uri()
    assert f"[Data Docs]({said.link})" in notify._markdown(said)


def test_a_suspicious_batch_is_a_warning_with_the_remedy() -> None:
    breaches = (
        Breach("critical", "too many rows of store 2 are bad", "bad_rows_of_a_store", ("2",), alone=True),
        Breach("warning", "more rows than usual are bad", "bad_rows_more_than_usual"),
        Breach("warning", "new store 9", "new_stores"),
        Breach("info", "new item 7", "new_items"),
    )
    refused, bad, new = alerts("ab12", Findings(breaches))
    assert (refused.kind, refused.severity) == ("store-refused", "critical")
    assert refused.message.startswith("too many rows of store 2 are bad; all their rows are in quarantine")
    assert (bad.kind, bad.severity, bad.id) == ("data-warning", "warning", "data-warning-bad-rows-more-than-usual-ab12")
    assert bad.message == "more rows than usual are bad; see `shelfcast quarantine list`"
    assert (new.message, new.id) == ("new store 9", "data-warning-new-stores-ab12")
