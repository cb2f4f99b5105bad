"""Seasons: the file that ships, the retrains before them, and what is wrong in a file that cannot be used."""

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from prefect.server.schemas.schedules import RRuleSchedule

from flows.runtime import seasons
from flows.runtime.seasons import Season, SeasonsError

SUMMER = '[[season]]\nname = "summer"\nstart = "06-01"\nlead_days = 28\n'


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "seasons.toml"
    monkeypatch.setenv("SHELFCAST_SEASONS", str(path))
    return path


def test_the_file_that_ships_names_the_seasons_of_a_retailer():
    assert {season.name for season in seasons.load()} >= {"spring", "summer", "back-to-school", "christmas"}


@pytest.mark.parametrize(
    ("start", "lead_days", "month", "day"),
    [("06-01", 28, 5, 4), ("11-15", 42, 10, 4), ("03-01", 1, 2, 28), ("01-10", 20, 12, 21)],
)
def test_a_retrain_comes_its_lead_time_before_the_season(start, lead_days, month, day):
    on = Season(name="any", start=start, lead_days=lead_days).retrain_on
    assert (on.month, on.day) == (month, day)


def test_prefect_reads_one_date_a_season_and_year_in_the_schedules_time_zone(file):
    file.write_text(SUMMER + SUMMER.replace("summer", "new-year").replace("06-01", "01-10"))
    schedule = RRuleSchedule(rrule=seasons.seasonal_rrule(hour=20)["rrule"], timezone="America/New_York")
    dates = asyncio.run(schedule.get_dates(n=4, start=datetime(2030, 1, 1, tzinfo=UTC)))
    assert [day.date() for day in dates] == [date(2030, 5, 4), date(2030, 12, 13), date(2031, 5, 4), date(2031, 12, 13)]
    assert [(day.hour, day.minute, day.second, day.tzname()) for day in dates[:2]] == [
        (20, 0, 0, "EDT"),
        (20, 0, 0, "EST"),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "season is missing"),
        ("season = []", "season: "),
        (SUMMER.replace("lead_days", "leed_days"), "season 1 lead_days is missing"),
        (SUMMER + "leed_days = 3", "season 1 leed_days is not a key"),
        (SUMMER.replace("[[season]]", "[[seasons]]"), "season is missing"),
        (SUMMER.replace("06-01", "02-29"), "season 1 start: must be a day that every year has"),
        (SUMMER.replace("06-01", "01-06-2026"), "Received: '01-06-2026'"),
        (SUMMER.replace("06-01", "W22-1"), "season 1 start: must be a day that every year has"),
        (SUMMER.replace("28", "0"), "season 1 lead_days: Input should be greater than or equal to 1. Received: 0"),
        (SUMMER.replace("28", "400"), "lead_days: Input should be less than or equal to 180"),
        (SUMMER.replace('"summer"', '"High Summer"'), "season 1 name: "),
        (SUMMER + SUMMER, "rename or remove the second 'summer'"),
        (SUMMER + "[[season]]\nname = ", "it needs [[season]] tables"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(file, text, says):
    file.write_text(text)
    with pytest.raises(SeasonsError) as refused:
        seasons.seasonal_rrule(hour=20)
    assert says in str(refused.value)
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_or_not_text_is_refused(file):
    with pytest.raises(SeasonsError, match="No such file"):
        seasons.load()
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SeasonsError, match=r"seasons\.toml\): it must be text in UTF-8"):
        seasons.load()
    file.unlink()
    file.mkdir()
    with pytest.raises(SeasonsError, match="a TOML file that can be read"):
        seasons.load()
