"""The artifact of a batch: its counts and reasons, what was found, and where to look."""

from pathlib import Path

from tasks.ingest import announce
from tasks.ingest.contract.findings import Breach, Findings
from tasks.ingest.ingest import refuse_batch
from tasks.state.home import Home
from tests.ingest.steps import ingest, read


def test_counts_reasons_and_the_link(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("date,store,item,sales\n2026-01-05,1,1,7\nx\n")
    result = ingest(Home(tmp_path / "home"), tmp_path / "a.csv").model_copy(
        update={"docs": str(tmp_path / "page.html"), "warnings": ("more rows than usual are bad",)}
    )
    lines = announce._markdown(result, "ingested").splitlines()
    assert lines[0] == f"# Batch {result.batch}: ingested"
    assert {"| rows read | 2 |", "| rows accepted | 1 |", "| wrong number of columns | 1 |"} <= set(lines)
    assert lines[-3:] == ["more rows than usual are bad", "", f"[Data Docs]({(tmp_path / 'page.html').as_uri()})"]


def test_codes_have_no_markup_in_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("date,store,item,sales\n2026-01-05,1,1,7\n")
    hostile = "new store <img src=x onerror=a()>[a](javascript:b)|\x1b[2J"
    result = ingest(Home(tmp_path / "home"), tmp_path / "a.csv").model_copy(update={"warnings": (hostile,)})
    shown = announce._markdown(result, "ingested")
    assert "<img" not in shown and "[a](" not in shown and "\x1b" not in shown
    assert r"\[a\](javascript:b)\|\\x1b\[2J" in shown


def test_a_refusal_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("date,store,item,sales\nx\n")
    home = Home(tmp_path / "home")
    batch = read(home, tmp_path / "staging", tmp_path / "a.csv")
    result = refuse_batch.fn(batch, Findings((Breach("critical", "too many rows are bad"),)), home)
    assert announce._markdown(result, "refused").endswith("| wrong number of columns | 1 |\n\ntoo many rows are bad")
