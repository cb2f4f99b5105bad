"""The walk as a flow: what it finds is an alert until a later walk finds nothing."""

import shutil
from pathlib import Path

import pytest

from flows.verify import verify
from tasks.state.alerts import open_alerts
from tasks.state.home import Home
from tasks.state.ledger import Ledger


@pytest.mark.usefixtures("api_url")
def test_damage_is_an_alert_until_it_is_mended(
    shop: tuple[Home, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, older, _ = shop
    (tmp_path / "settings.toml").touch()
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(tmp_path / "settings.toml"))
    path = home.releases / older / "golden.json"
    kept = shutil.copy(path, tmp_path)
    path.write_bytes(b"{}")
    (finding,) = verify(str(home.root)).findings
    assert finding.path == f"releases/{older}/golden.json"
    (alert,) = open_alerts(Ledger.of(home), "damaged")
    assert alert.alert.message.startswith(f"the home is damaged: releases/{older}/golden.json: it is missing or not")
    shutil.copy(kept, path)
    assert verify(str(home.root)).findings == ()
    assert open_alerts(Ledger.of(home)) == []
