"""What is wrong with settings, and where it was set: in the file or in the environment."""

import re
from pathlib import Path

import pytest

from flows.preflight.request import RequestError
from flows.settings import load, stores_listed
from flows.settings_errors import SettingsError, explained, is_misuse


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "settings.toml"
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(path))
    path.write_text("[drift]\ndays = 30\n")
    return path


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"SHELFCAST_GATE__MAXMAPE": "20"},
            "(environment variable SHELFCAST_GATE__MAXMAPE): unknown key 'gate.maxmape'",
        ),
        ({"shelfcast_gate__max_mape": "low"}, "(environment variable shelfcast_gate__max_mape): gate.max_mape: Input"),
        ({"SHELFCAST_GATE": '{"max_mape": "low"}'}, "(environment variable SHELFCAST_GATE): gate.max_mape: Input"),
        (
            {"SHELFCAST_GATE__FOO__BAR": "1"},
            "(environment variable SHELFCAST_GATE__FOO__BAR): unknown key 'gate.foo'",
        ),
        (
            {"SHELFCAST_ROLLOUT__FREEZE": '[{"name": "x", "last": "01-02"}]'},
            "(environment variable SHELFCAST_ROLLOUT__FREEZE): rollout.freeze.0.first: Field required",
        ),
        (
            {"SHELFCAST_ROLLOUT__FREEZE": "[1", "SHELFCAST_ROLLOUT__CANARY_DAYS": "7"},
            "(environment variable SHELFCAST_ROLLOUT__FREEZE): its value must be JSON",
        ),
        ({"SHELFCAST_GATE": "low"}, "(environment variable SHELFCAST_GATE): its value must be JSON"),
        (
            {"SHELFCAST_DRIFT__MIN_DAYS": "31"},
            " and environment variable SHELFCAST_DRIFT__MIN_DAYS): drift: min_days must",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_the_environment_variable_at_fault_is_named(
    file: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], message: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load()
    assert message in str(caught.value)
    assert (str(file) in str(caught.value)) is message.startswith(" and")


def test_the_file_is_named_where_it_is_at_fault_whatever_the_environment_sets(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("[gate]\nmax_mape = 'low'\n")
    monkeypatch.setenv("SHELFCAST_GATE", '{"max_bias_pct": 3}')
    monkeypatch.setenv("SHELFCAST_GATE__MIN_DAYS", "7")
    with pytest.raises(SettingsError, match=r"gate\.max_mape") as caught:
        load()
    assert str(caught.value).startswith(f"settings ({file}): gate.max_mape")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[gate]\n".encode("utf-16"), "it must be text in UTF-8; save it as UTF-8"),
        ("# caf\u00e9\n".encode("latin-1"), "it must be text in UTF-8; save it as UTF-8"),
        (None, "it must be a TOML file that can be read"),
        (b"[gate\n", "at line 1"),
        (b"\0", "at line 1"),
    ],
    ids=["UTF-16", "Latin-1", "a folder", "no TOML", "NUL"],
)
@pytest.mark.parametrize("what", ["settings", "stores", "limits"])
def test_a_file_that_cannot_be_used_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, content: bytes | None, words: str
) -> None:
    path = tmp_path / f"{what}.toml"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    monkeypatch.setenv("SHELFCAST_SETTINGS" if what == "settings" else "SHELFCAST_STORES", str(path))
    reads = {"settings": load, "stores": stores_listed, "limits": lambda: load().limits(path)}
    with pytest.raises(SettingsError, match=re.escape(words)) as caught:
        reads[what]()
    assert str(caught.value).startswith(f"{what} ({path}): ") and len(str(caught.value).splitlines()) == 1


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s.toml").write_text("[gate]\nmax_mape = 20\n", encoding="utf-8-sig")
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(tmp_path / "s.toml"))
    assert load().gate.max_mape == 20


def test_what_no_environment_variable_can_set_is_named_alone() -> None:
    with pytest.raises(SettingsError, match=r"^stores: .*No such file"), explained("stores"):
        Path("/nowhere/stores.toml").read_text()


@pytest.mark.parametrize(
    ("error", "misuse"),
    [
        (SettingsError("x"), True),
        (RequestError("x"), True),
        (ValueError("x"), False),
        (RuntimeError("x"), False),
        ({"not": "an error"}, False),
    ],
)
def test_only_our_own_value_errors_are_the_users_to_mend(error: object, misuse: bool) -> None:
    assert is_misuse(error) is misuse
