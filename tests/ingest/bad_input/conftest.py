"""A home with sales that bad input is tried on, and a clock that stands still."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tasks.ingest import ingest as steps_of_ingest
from tasks.state.home import Home
from tests.ingest.bad_input.states import HEADER, TODAY, State, copied
from tests.ingest.steps import ingest


class Noon(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: Any = None) -> "Noon":
        return cls(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=tz)


@pytest.fixture(scope="module", autouse=True)
def today() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps_of_ingest, "datetime", Noon)
        yield


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, today: None) -> Home:
    """A home with two months of sales, and a row in quarantine. Copy it before you change it."""
    folder = tmp_path_factory.mktemp("shop")
    days = [date(2025, 12, 20) + timedelta(number) for number in range(30)]
    rows = "".join(f"{day},{store},1,{day.day}\n" for day in days for store in (1, 2))
    (folder / "history.csv").write_text(f"{HEADER.decode()}{rows}2026-01-05,1,1,lots\n")
    ingest(Home(folder / "home"), folder / "history.csv")
    return Home(folder / "home")


@pytest.fixture(scope="module")
def before(shop: Home) -> State:
    """What is in the shop, and in each copy of it at first."""
    return State.of(shop)


@pytest.fixture
def home(shop: Home, tmp_path: Path) -> Home:
    return copied(shop, tmp_path)
