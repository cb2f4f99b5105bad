"""What is known of days and items beforehand: holidays of a country, events, groups."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from flows.settings import SettingsError, load
from tasks.forecasting.data.holidays import HORIZON, SeasonCalendar

FIRST, LAST = date(2023, 5, 1), date(2024, 6, 30)


def calendar(**fields: Any) -> SeasonCalendar:
    return SeasonCalendar.model_validate(fields)


def test_nothing_is_known_by_itself() -> None:
    known = SeasonCalendar().known(FIRST, LAST)
    assert (dict(known.by_name), dict(known.groups)) == ({}, {})


def test_holidays_of_past_years_and_of_those_that_a_device_may_forecast() -> None:
    known = calendar(country="US").known(FIRST, LAST).by_name
    assert known["Thanksgiving Day"].astype(str).tolist() == ["2023-11-23", "2024-11-28", "2025-11-27"]
    latest = max(days.max() for days in known.values()).astype(date)
    assert LAST < latest <= date.fromordinal(LAST.toordinal() + HORIZON)


def test_a_subdivision_has_holidays_of_its_own() -> None:
    names = set(calendar(country="DE", subdivision="BY").known(FIRST, LAST).by_name)
    assert "Epiphany" in names and "Epiphany" not in calendar(country="DE").known(FIRST, LAST).by_name


def test_events_of_one_name_are_one_and_may_lie_ahead() -> None:
    events = [
        {"name": "fair", "first": "2026-07-10", "last": "2026-07-12"},
        {"name": "fair", "first": "2025-07-11"},
        {"name": "opening", "first": "2024-01-02"},
    ]
    known = calendar(events=events).known(FIRST, LAST).by_name
    assert {name: days.astype(str).tolist() for name, days in known.items()} == {
        "fair": ["2025-07-11", "2026-07-10", "2026-07-11", "2026-07-12"],
        "opening": ["2024-01-02"],
    }


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"country": "XX"}, "no holidays are known of 'XX'; countries are ISO 3166 codes"),
        ({"country": "US", "subdivision": "QQ"}, "no holidays are known of 'US QQ'"),
        ({"subdivision": "BY"}, "subdivision 'BY' needs a country"),
        ({"groups": {"a": ["1", "2"], "b": ["2"]}}, "one group only. Received twice: 2"),
        ({"events": [{"name": "fair", "first": "2026-07-12", "last": "2026-07-10"}]}, "swap them"),
        ({"events": [{"name": "", "first": "2026-07-12"}]}, "at least 1 character"),
        ({"events": [{"name": "fair"}]}, "Field required"),
        ({"land": "DE"}, "Extra inputs"),
    ],
)
def test_what_cannot_be_meant_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        calendar(**fields)


def test_the_settings_say_it_in_one_line(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s.toml").write_text('[calendar]\ncountry = "Atlantis"\n')
    monkeypatch.setenv("SHELFCAST_SETTINGS", str(tmp_path / "s.toml"))
    with pytest.raises(SettingsError, match=r"calendar: no holidays are known of 'Atlantis'; countries are .*US$"):
        load()
