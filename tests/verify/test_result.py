"""The JSON of a walk through the home."""

import json

from tasks.verify.result import Finding, VerifyResult

FINDING = Finding(part="channel", path="channel/stores/1.json", what="it is missing", remedy="promote again")


def test_what_was_repaired_is_no_damage_any_more() -> None:
    repaired = FINDING.model_copy(update={"repaired": True})
    result = VerifyResult(home="h", checked={"ledger": 1}, findings=(FINDING, repaired))
    assert result.damaged == (FINDING,)


def test_the_result_is_the_command_lines_json() -> None:
    result = json.loads(VerifyResult(home="h", checked={"sales": 12}, findings=(FINDING,)).model_dump_json())
    assert set(result) == {"schema_version", "home", "checked", "findings"}
    assert result["findings"] == [
        {
            "part": "channel",
            "path": "channel/stores/1.json",
            "what": "it is missing",
            "remedy": "promote again",
            "repaired": False,
        }
    ]
