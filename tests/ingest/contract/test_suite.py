"""The contract: what refuses a batch or a store, what warns, what is recorded; held against batches read from files."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tasks.ingest.contract.expectations import Contract
from tasks.ingest.contract.findings import Breach, Findings
from tasks.ingest.validate import validate
from tasks.state.home import Home
from tests.conftest import TakeIn
from tests.ingest.steps import CONTRACT, read

MONDAY = date(2026, 1, 5)
Row = tuple[date, str, str, Any]
Series = dict[tuple[str, str], int]

SERIES: Series = {(store, item): 10 for store in ("1", "2") for item in "abcde"}


def days(first: date, count: int) -> list[date]:
    return [first + timedelta(number) for number in range(count)]


def rows(when: Iterable[date], series: Series = SERIES, without: Callable[[Row], bool] = lambda _: False) -> list[Row]:
    found = [(day, store, item, units) for day in when for (store, item), units in series.items()]
    return [row for row in found if not without(row)]


def csv(path: Path, content: Iterable[Row]) -> Path:
    lines = [",".join(map(str, row)) for row in content]
    path.write_text("date,store,item,sales\n" + "\n".join(lines) + "\n")
    return path


@pytest.fixture
def findings(tmp_path: Path, take_in: TakeIn) -> Callable[..., Findings]:
    """What the contract says of a batch that comes after some sales."""

    def held(batch: list[Row], before: list[Row] | None = None, contract: Contract = CONTRACT) -> Findings:
        home = Home(tmp_path / "home")
        if before:
            take_in(home, csv(tmp_path / "before.csv", before), contract=Contract(max_sales=10**9))
        source = csv(tmp_path / "batch.csv", batch)
        return validate.fn(read(home, tmp_path / "staging", source, contract=contract), contract, home)

    return held


def said(found: Findings) -> dict[str, tuple[str, str]]:
    return {breach.name: (breach.severity, breach.message) for breach in found.breaches}


YEAR = days(date(2025, 1, 6), 364)
LAST_YEAR = rows(YEAR)
WEEK = days(MONDAY, 7)


def bad(share: float, of: int = 200) -> list[Row]:
    when = days(date(2025, 1, 6), of)
    return [(day, "1", "a", "x" if number < share * of else 7) for number, day in enumerate(when)]


@pytest.mark.parametrize(
    ("batch", "severities", "says"),
    [
        pytest.param(bad(0), {}, "", id="all good"),
        pytest.param(bad(0.005), {}, "", id="half a percent bad"),
        pytest.param(
            bad(0.03),
            {"bad_rows_more_than_usual": "warning"},
            "more rows than usual are bad (6 of 200 rows)",
            id="3 % bad",
        ),
        pytest.param(
            bad(0.5), {"bad_rows_more_than_usual": "warning"}, "are bad (100 of 200 rows)", id="exactly half bad"
        ),
        pytest.param(
            bad(0.51),
            {
                "sales": "critical",
                "bad_rows": "critical",
                "bad_rows_of_a_store": "critical",
                "bad_rows_more_than_usual": "warning",
            },
            "too many rows have no valid sales (102 of 200 rows); too many rows are bad (102 of 200 rows)",
            id="over half bad",
        ),
        pytest.param(
            [row for day in days(MONDAY, 6) for row in ((day, "1", "a", 7), (day, "1", "a", 8))]
            + rows(days(MONDAY, 10), {("1", "a"): 7}),
            {
                "keys": "critical",
                "bad_rows": "critical",
                "bad_rows_of_a_store": "critical",
                "bad_rows_more_than_usual": "warning",
                "every_day": None,
            },
            "too many keys come with two values",
            id="conflicts",
        ),
    ],
)
def test_shares_of_bad_rows(
    findings: Callable[..., Findings], batch: list[Row], severities: dict[str, str], says: str
) -> None:
    found = findings(batch)
    wanted = {name: severity for name, severity in severities.items() if severity}
    assert {name: severity for name, (severity, _) in said(found).items() if name in wanted} == wanted
    assert set(said(found)) <= set(severities)
    assert says in (found.refusal or "; ".join(found.warnings))
    assert bool(found.refusal) == ("critical" in wanted.values())


def test_a_store_with_too_many_bad_rows_is_refused_alone(findings: Callable[..., Findings]) -> None:
    batch = [(day, store, item, -1 if store == "2" and item not in "cd" else 1) for day, store, item, _ in rows(WEEK)]
    found = findings(batch)
    assert (found.refusal, found.refused_stores) == (None, ("2",))
    assert said(found)["bad_rows_of_a_store"] == ("critical", "too many rows of store 2 are bad (60.0%)")


def test_a_batch_like_last_years_meets_everything(findings: Callable[..., Findings]) -> None:
    assert findings(rows(WEEK), LAST_YEAR).breaches == ()


def test_the_first_batch_of_all_has_nothing_to_be_compared_with(findings: Callable[..., Findings]) -> None:
    assert findings(LAST_YEAR).breaches == ()


def scaled(factor: float) -> list[Row]:
    return [(day, store, item, round(units * factor)) for day, store, item, units in rows(WEEK)]


@pytest.mark.parametrize(
    ("batch", "name", "severity", "message"),
    [
        pytest.param(
            scaled(3), "mean_of_a_store", "warning", "mean sales of stores 1, 2 are 3.00 times last", id="mean x 3"
        ),
        pytest.param(scaled(1000), "mean", "critical", "mean sales are 1000.00 times last year's", id="mean x 1000"),
        pytest.param(scaled(0), "mean", "critical", "mean sales are 0.00 times last year's", id="all zeros"),
        pytest.param(
            rows(WEEK, SERIES | {("2", str(number)): 10 for number in range(40)}),
            "volume_of_a_store",
            "warning",
            "rows of store 2 are 9.00 times last year's same weeks",
            id="forty more items in a store",
        ),
        pytest.param(
            rows(WEEK, {(store, str(item)): 10 for store in "12" for item in range(52)}),
            "volume",
            "critical",
            "rows are 10.40 times last year's same weeks",
            id="ten times the rows",
        ),
        pytest.param(
            rows(WEEK, without=lambda row: row[:3] == (MONDAY + timedelta(3), "1", "b")),
            "every_day",
            "warning",
            "series without rows: store 1 item b: 1 day (2026-01-08)",
            id="a day lacks",
        ),
        pytest.param(
            rows(WEEK, without=lambda row: row[1:3] == ("1", "b") and row[0] >= MONDAY + timedelta(4)),
            "every_day",
            "warning",
            "series without rows: store 1 item b: 3 days (2026-01-09 to 2026-01-11)",
            id="the last days lack",
        ),
        pytest.param(
            rows(WEEK, without=lambda row: row[:2] == (MONDAY + timedelta(2), "2")),
            "lost_days",
            "warning",
            "days without any row on which they are open: store 2, up to 1",
            id="a store lacks a day",
        ),
        pytest.param(
            rows(WEEK[1:]),
            "lost_days",
            "warning",
            "days without any row on which they are open: stores 1, 2, up to 1",
            id="the feed lost a day before it",
        ),
        pytest.param(
            rows(WEEK, SERIES | {("3", "a"): 10}), "new_stores", "warning", "new store 3", id="a new store"
        ),
        pytest.param(
            rows(WEEK, without=lambda row: row[1] == "2"),
            "vanished_stores",
            "warning",
            "no sales from store 2",
            id="a vanished store",
        ),
        pytest.param(rows(WEEK, SERIES | {("1", "z"): 10}), "new_items", "info", "new item z", id="a new item"),
        pytest.param(
            rows(WEEK, without=lambda row: row[2] == "c"),
            "vanished_items",
            "info",
            "no sales of item c",
            id="a vanished item",
        ),
    ],
)  # fmt: skip
def test_what_a_batch_can_do_beside_its_past(
    findings: Callable[..., Findings], batch: list[Row], name: str, severity: str, message: str
) -> None:
    found = said(findings(batch, LAST_YEAR))
    assert found[name][0] == severity
    assert found[name][1].startswith(message)


ALIKE = SERIES | {("01", "a"): 10, ("1", "A"): 10}


def test_codes_that_look_alike_are_told_once(findings: Callable[..., Findings]) -> None:
    found = said(findings(rows(WEEK, ALIKE)))
    assert found["similar_stores"] == (
        "warning",
        "stores whose codes differ only in case, form or leading zeros: 01 and 1",
    )
    assert found["similar_items"][1] == "items whose codes differ only in case, form or leading zeros: A and a"


def test_a_new_code_is_held_against_those_of_the_table(findings: Callable[..., Findings]) -> None:
    found = said(findings(rows(WEEK, {("01", "a"): 10}), LAST_YEAR))
    assert found["similar_stores"][1].endswith("01 and 1")
    assert "similar_items" not in found


def test_codes_that_were_told_of_are_not_told_again(findings: Callable[..., Findings]) -> None:
    found = said(findings(rows(WEEK, ALIKE), rows(YEAR, ALIKE)))
    assert not {"similar_stores", "similar_items"} & set(found)


def test_codes_in_another_unicode_form_are_recorded(findings: Callable[..., Findings]) -> None:
    found = said(findings(rows(WEEK, {("Ko\u0308ln", "a"): 10})))
    assert found["recomposed_codes"] == (
        "info",
        "codes that came in another Unicode form are kept composed (NFC): K\u00f6ln",
    )


def test_a_correction_of_one_row_says_nothing_of_the_other_series(findings: Callable[..., Findings]) -> None:
    assert findings([(YEAR[100], "1", "a", 11)], LAST_YEAR).breaches == ()


def test_a_weekday_that_stores_are_closed_on_lacks_nothing(findings: Callable[..., Findings]) -> None:
    def closed(row: Row) -> bool:
        return row[0].weekday() == 6

    assert findings(rows(WEEK, without=closed), rows(YEAR, without=closed)).breaches == ()


def test_a_series_that_ended_long_ago_lacks_nothing(findings: Callable[..., Findings]) -> None:
    ended = rows(YEAR, without=lambda row: row[1:3] == ("1", "b") and row[0] > YEAR[100])
    assert findings(rows(WEEK, without=lambda row: row[1:3] == ("1", "b")), ended).breaches == ()


def test_settings_give_an_expectation_another_severity(findings: Callable[..., Findings]) -> None:
    strict = Contract(severity={"new_stores": "critical", "every_day": "info"})
    batch = rows(WEEK, SERIES | {("3", "a"): 10}, lambda row: row[:3] == (WEEK[3], "1", "b"))
    found = findings(batch, LAST_YEAR, strict)
    assert found.refusal == "new store 3"
    assert said(found)["every_day"][0] == "info"


def test_the_data_docs_show_every_batch_and_fetch_nothing(findings: Callable[..., Findings], tmp_path: Path) -> None:
    store = '<b>"7" & Söhne</b>'
    batch = [(day, f'"{store.replace(chr(34), chr(34) * 2)}"', item, 1) for day in WEEK for item in "ab"]
    found = findings([row for row in batch if row[:3] != (WEEK[3], batch[0][1], "b")], LAST_YEAR)
    assert found.docs == next((tmp_path / "home" / "docs").glob("????????????????.html"))
    page, index = found.docs.read_text(), (found.docs.parent / "index.html").read_text()
    assert "&lt;b&gt;&#34;7&#34; &amp; Söhne&lt;/b&gt;" in page and "<b>" not in page
    assert found.docs.name in index and "batch.csv" in index and "batch.csv" in page
    for text in (page, index):
        assert "<script" not in text and "http" not in text
    assert all(f">{breach.name}</code>" in page for breach in found.breaches)


def test_a_file_that_cannot_be_read_and_a_batch_of_known_files(tmp_path: Path, take_in: TakeIn) -> None:
    home = Home(tmp_path / "home")
    (tmp_path / "empty.csv").write_text("")
    found = validate.fn(read(home, tmp_path / "staging", tmp_path / "empty.csv"), CONTRACT, home)
    assert found.breaches == (Breach("critical", "empty.csv is empty; is the export complete?"),)
    good = csv(tmp_path / "good.csv", rows(WEEK))
    take_in(home, good)
    assert validate.fn(read(home, tmp_path / "again", good), CONTRACT, home).breaches == ()
    assert not home.docs.exists()
