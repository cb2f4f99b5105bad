"""What a deployed run may be asked for: its worker's own home, and sources that settings name."""

from pathlib import Path

import pytest

from flows.runtime.deployed import NotAllowed, require_allowed, require_public
from tasks.ingest.reading.source import Source


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    landing = tmp_path / "home" / "landing"
    landing.mkdir(parents=True)
    (landing / "a.csv").touch()
    (tmp_path / "settings.toml").write_text('[sources]\nweb = "https://host/*.csv"\n')
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(tmp_path / "settings.toml"))
    monkeypatch.setenv("SHELFCAST_SOURCES__TILL", "https://u:s3cret@host/till.csv")
    monkeypatch.setenv("SHELFCAST_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def sources(*given: str) -> dict[str, object]:
    return {"sources": [Source(each) for each in given]}


def test_its_own_home_and_what_settings_name(home: Path) -> None:
    (home.parent / "link").symlink_to(home)
    landing = home / "landing"
    for parameters in (
        {},
        {"home": None, "sources": None},
        {"home": str(home)},
        {"home": f"file://{home.parent / 'link'}"},
        {"home": "home"},
        sources("web", "till"),
        sources(str(landing), f"{landing}/*.csv", f"file://{landing}/a.csv", "home/landing/a.csv"),
    ):
        require_allowed(parameters)


@pytest.mark.parametrize("elsewhere", ["/tmp", "home/..", "home/landing", "file:///etc"])
def test_no_other_home(home: Path, elsewhere: str) -> None:
    with pytest.raises(NotAllowed, match=f"home must be the worker's own, {home}, in deployed runs. Received: /"):
        require_allowed({"home": elsewhere})


@pytest.mark.parametrize(
    "source",
    [
        "https://host/2026.csv",  # that a named pattern would match
        "http://evil.example/x.csv",
        "s3://bucket/x.csv",
        "local:///etc/x.csv",
        "/etc/x.csv",
        "home/x.csv",
        "home/landing/../x.csv",
        "home/landing/*/../../x.csv",
        "file:///etc/x.csv",
        "WEB",
        "",
    ],
)
def test_no_other_source(home: Path, source: str) -> None:
    with pytest.raises(NotAllowed, match=r"sources must be names of the settings' \[sources\], or below .*/landing"):
        require_allowed(sources("web", source))


def test_a_link_in_landing_does_not_lead_out_of_it(home: Path) -> None:
    (home / "landing" / "out").symlink_to("/etc")
    with pytest.raises(NotAllowed):
        require_allowed(sources("home/landing/out/x.csv"))


def test_what_is_refused_is_not_told(home: Path) -> None:
    with pytest.raises(NotAllowed) as error:
        require_allowed(sources("https://u:s3cret@host/a.csv?sig=s1gned"))
    assert "Received: https://host/a.csv." in str(error.value) and "s3cret" not in str(error.value)


def test_what_prefect_keeps_is_no_secret() -> None:
    require_public(["/in/a.csv", "s3://bucket/a?.csv", "https://host/a.csv", "till"])
    for secret in ("https://u:s3cret@host/a.csv", "https://host/a.csv?sig=s3cret", "sftp://u:s3cret@host/a.csv"):
        with pytest.raises(
            NotAllowed, match=r"must not be in Prefect's database as text. Received: .*host/a.csv, with"
        ) as error:
            require_public([secret])
        assert "s3cret" not in str(error.value)
