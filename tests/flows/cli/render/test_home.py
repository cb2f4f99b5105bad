"""What a walk through the home prints for people."""

import pytest

from flows.cli.render import home
from tasks.verify.result import Finding, VerifyResult

FINDING = Finding(part="channel", path="channel/stores/1.json", what="it is missing", remedy="promote again")


def test_a_whole_home(capsys: pytest.CaptureFixture[str]) -> None:
    home.verify(VerifyResult(home="h", checked={"ledger": 1, "sales": 12}, findings=()))
    assert capsys.readouterr().out.splitlines() == ["read 1 file of ledger, 12 files of sales", "all of it is whole"]


def test_what_is_wrong_has_its_remedy_below_it(capsys: pytest.CaptureFixture[str]) -> None:
    repaired = FINDING.model_copy(update={"repaired": True})
    home.verify(VerifyResult(home="h", checked={}, findings=(FINDING, repaired)))
    assert capsys.readouterr().out.splitlines() == [
        "channel/stores/1.json: it is missing",
        "    promote again",
        "channel/stores/1.json: it is missing",
        "    repaired",
        "read nothing, as the home is empty",
        "1 fault",
    ]
