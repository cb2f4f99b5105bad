"""What may be ingested and replayed: a mistake is said before anything is read."""

from pathlib import Path

import pytest

from flows.preflight.ingest import ingest_request, quarantine_request
from flows.settings_errors import SettingsError
from tasks.ingest.reading.source import Source
from tasks.ingest.reading.source_file import SourceError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "settings.toml").write_text("[feeds.till]\nset = { item = 'all' }\n")
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(tmp_path / "settings.toml"))
    return str(tmp_path / "home")


def test_the_landing_folder_unless_sources_are_named(home: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    asked = ingest_request(home, [Source(str(tmp_path / "a.csv"))], "till", None, None)
    assert asked.sources == (str(tmp_path / "a.csv"),) and asked.feed.set == {"item": "all"}
    with pytest.raises(SourceError, match=r"no such file or folder: .*landing"):
        ingest_request(home, None, None, None, None)
    (tmp_path / "home" / "landing").mkdir(parents=True)
    (tmp_path / "home" / "landing" / "a.csv").touch()
    assert ingest_request(home, [], None, None, None).sources == (str(tmp_path / "home" / "landing"),)


def test_a_source_that_the_settings_name(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFCAST_SOURCES__WEB", "memory://u:s3cret@host/a.csv")
    assert ingest_request(home, [Source("web")], None, None, None).sources == ("memory://u:s3cret@host/a.csv",)
    monkeypatch.setenv("SHELFCAST_SOURCES__WEB", "s4://u:s3cret@host/a.csv")
    with pytest.raises(SourceError, match=r"no protocol s4:// is known; .* Received: s4://host/a.csv"):
        ingest_request(home, [Source("web")], None, None, None)


def test_a_feed_or_a_column_that_is_not_known(home: str) -> None:
    for ask in (lambda *given: ingest_request(home, None, *given), lambda *given: quarantine_request(home, *given)):
        with pytest.raises(SettingsError, match="no feed 'web'; settings name till"):
            ask("web", None, None)
        with pytest.raises(SettingsError, match="there is no column 'datum' to map or set"):
            ask(None, {"datum": "Date"}, None)


def test_lines_are_read_again_only_if_it_is_said_how(home: str) -> None:
    assert quarantine_request(home, None, None, None).feed is None
    assert quarantine_request(home, "till", None, None).feed is not None
