"""Judging a release again by other limits, from what it was judged on: nothing is trained and nothing changes."""

import json
from pathlib import Path

import pytest

from flows.cli.results import JudgeResult
from flows.cli.views import rejudged
from flows.settings import Settings, SettingsError, load
from tasks.state.home import Home
from tasks.state.release import DamagedRelease, NoSuchRelease, Release
from tasks.state.releases import find
from tests.conftest import LIMITS, Refusals, only
from tests.stores import rewrite_manifest

Shop = tuple[Home, str, str]


def verdicts(result: JudgeResult) -> dict[str, str]:
    return {each.name: each.verdict for each in result.variants}


def test_the_same_limits_give_the_same_verdicts_word_for_word(shop: Shop) -> None:
    home, older, _ = shop
    again, manifest = rejudged(home, older, LIMITS[0]), Release(home.releases / older).manifest
    for now, then in zip(again.variants, manifest.variants, strict=True):
        assert (now.name, now.verdict, now.before) == (then.name, then.verdict, then.verdict)
        assert now.checks == then.checks and now.worst_off == then.worst_off
        assert now.mape == pytest.approx(then.shipped_mape, rel=1e-6)
    assert again.policy == manifest.policy.hash


def test_other_limits_give_other_verdicts_and_change_nothing(shop: Shop) -> None:
    home, older, _ = shop
    before = {path: path.read_bytes() for path in home.root.rglob("*") if path.is_file()}
    strict = rejudged(home, older, only(max_mape=1))
    assert set(verdicts(strict).values()) == {"fail"}
    assert all("over the limit of 1 %" in each.reasons[0] for each in strict.variants)
    assert not strict.passed
    assert {path: path.read_bytes() for path in home.root.rglob("*") if path.is_file()} == before


def test_the_newest_release_is_judged_if_none_is_named(shop: Shop) -> None:
    home, *_ = shop
    assert rejudged(home, None, LIMITS[1]).release == find(home, None).id


def test_unknown_and_damaged_releases_say_so(shop: Shop) -> None:
    home, older, newer = shop
    with pytest.raises(NoSuchRelease, match="'x'"):
        rejudged(home, "x", LIMITS[0])
    (home.releases / older / "evidence.npz").write_bytes(b"other")
    with pytest.raises(DamagedRelease, match=r"evidence\.npz is not the file gated"):
        rejudged(home, older, LIMITS[0])
    rewrite_manifest(home, newer, lambda manifest: manifest["files"].pop("evidence.npz"))
    with pytest.raises(DamagedRelease, match="expected nothing"):
        rejudged(home, newer, LIMITS[0])


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of a file that asks for nothing but MAPE."""
    asked = only(max_mape=20, min_days=50).model_dump()
    lines = [f"{name} = {json.dumps('none' if value is None else value)}" for name, value in asked.items()]
    (tmp_path / "settings.toml").write_text("\n".join(["[gate]", *lines]))
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(tmp_path / "settings.toml"))
    return load()


def test_a_file_of_limits_goes_over_the_settings(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "limits.toml"
    assert settings.limits(None) == settings.gate
    path.write_text("[gate]\nmax_mape = 5\nbeat_reference = true\n")
    assert settings.limits(path) == only(max_mape=5, min_days=50, beat_reference=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("max_mape = 5", r"it must have \[gate\], as the settings do, and nothing else"),
        ("[gate]\nmax_mape = 5\n[costs]\n", r"it must have \[gate\], as the settings do, and nothing else"),
        ("[gate]\nmax_mappe = 5", "unknown key 'max_mappe'"),
        ("[gate]\nmax_mape = -5", "max_mape: Input should be greater than 0"),
        ("[gate]\nmax_mape = 'none'", "no limits at all"),
        ("[gate", "limits"),
    ],
)
def test_a_wrong_file_of_limits_is_one_clear_line(tmp_path: Path, settings: Settings, text: str, said: str) -> None:
    path = tmp_path / "limits.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=said) as raised:
        settings.limits(path)
    assert str(path) in str(raised.value) and "\n" not in str(raised.value)


def test_a_missing_file_of_limits_is_named(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(SettingsError, match=r"no\.toml"):
        settings.limits(tmp_path / "no.toml")


def test_a_refused_candidate_is_judged_too(refusals: Refusals) -> None:
    assert set(verdicts(rejudged(refusals.home, refusals.candidate, LIMITS[0])).values()) == {"pass", "fail"}
    assert set(verdicts(rejudged(refusals.home, refusals.candidate, only(max_mape=0.1))).values()) == {"fail"}
