"""Overrides wherever they are listed."""

from datetime import date
from typing import Any

import pytest

from flows.cli.render import stores, training
from flows.cli.results import ReleasesResult, StatusResult
from tasks.state.overrides import OverrideRecord

RELEASE = "20241231-4f381d4f"


def status(**fields: Any) -> StatusResult:
    known: dict[str, Any] = {"home": "h", "snapshot": 1, "last_day": date(2024, 12, 31), "newest_release": RELEASE}
    return StatusResult(**known | {"stores": (), "alerts": (), "overrides": (), "quarantine": {}} | fields)


def test_overrides_are_a_line_each_in_status_and_releases(capsys: pytest.CaptureFixture[str]) -> None:
    word = {"release": RELEASE, "who": "Ana Ruiz", "why": "recall", "until": "2026-12-01"}
    overrides = [
        word | {"variant": "lstm-16", "what": "verdict"},
        word | {"variant": None, "what": "freeze"},
    ]
    records = tuple(OverrideRecord.model_validate(each) for each in overrides)
    lines = [
        "overridden: lstm-16 of 20241231-4f381d4f, released by Ana Ruiz until 2026-12-01: recall",
        "overridden: 20241231-4f381d4f during freezes, released by Ana Ruiz until 2026-12-01: recall",
    ]
    stores.status(status(overrides=records))
    assert capsys.readouterr().out.splitlines()[-2:] == lines
    refused = {"release": "20250101-00000000", "created": "2026-11-24T10:00:00", "reason": "weekly"}
    training.releases(ReleasesResult(releases=(), refused_candidates=[refused], overrides=overrides))
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "refused as a whole: 20250101-00000000, made 2026-11-24T10:00:00 (weekly)",
        *lines,
    ]
