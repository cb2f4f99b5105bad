"""Tables and sentences in terminals of different widths."""

import pytest

from flows.cli.screen import Column, echo, table

COLUMNS = [Column("variant", text=True), "KB", "MAPE %", Column("bias %", rank=1), Column("dominated by", True, rank=2)]
ROWS = [["lstm-64", 66.25, "8.59", "0.06", "lstm-4"], ["lstm-4-int8", 0.1, "8.61", None, None]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def shown(width: int | None, wide: bool = False) -> list[str]:
        monkeypatch.delenv("COLUMNS", raising=False)
        if width:
            monkeypatch.setenv("COLUMNS", str(width))
        table(COLUMNS, ROWS, wide)
        return [line.rstrip() for line in capsys.readouterr().out.splitlines()]

    return shown


def test_all_columns_are_shown_where_there_is_room(lines) -> None:
    assert lines(80) == [
        "variant         KB  MAPE %  bias %  dominated by",
        "lstm-64      66.25    8.59    0.06  lstm-4",
        "lstm-4-int8    0.1    8.61       -  -",
    ]


@pytest.mark.parametrize(
    ("width", "heading", "note"),
    [
        (48, "variant         KB  MAPE %  bias %  dominated by", []),
        (47, "variant         KB  MAPE %  bias %", ["1 more column: --wide"]),
        (33, "variant         KB  MAPE %", ["2 more columns: --wide"]),
    ],
)
def test_the_columns_of_the_highest_rank_make_room(lines, width: int, heading: str, note: list[str]) -> None:
    first, *rows = lines(width)
    assert (first, rows[2:]) == (heading, note)
    assert all(len(line) <= width for line in (first, *rows))


def test_what_matters_is_never_cut(lines) -> None:
    """Text wraps, figures stay whole, however narrow the terminal is."""
    shown = lines(20)
    assert "66.25" in " ".join(shown) and "8.59" in " ".join(shown) and "8.61" in " ".join(shown)
    assert "…" not in "".join(shown)


@pytest.mark.parametrize(("width", "wide"), [(20, True), (None, False)])
def test_wide_and_piped_output_have_every_column(lines, width: int | None, wide: bool) -> None:
    assert lines(width, wide)[0] == "variant         KB  MAPE %  bias %  dominated by"


def test_square_brackets_are_text(capsys: pytest.CaptureFixture[str]) -> None:
    table([Column("key", text=True)], [["[gate] max_mape"]])
    assert "[gate] max_mape" in capsys.readouterr().out


@pytest.mark.parametrize("width", [None, 40])
def test_text_from_outside_does_nothing_to_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int | None
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if width:
        monkeypatch.setenv("COLUMNS", str(width))
    hostile = "\x1b]0;PWNED\x07\x9b31m\u202ex\udcff"
    table([Column("raw", text=True)], [[hostile]])
    echo(f"store {hostile}")
    shown = capsys.readouterr().out
    assert shown.encode() and not set(shown) & set("\x1b\x07\x9b\u202e")
    assert shown.replace("\n", "").count("\\x1b]0;PWNED\\x07\\x9b31m\\u202ex\\udcff") == 2


def test_sentences_wrap_at_words_and_paths_stay_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    echo("the report is in /a/very/long/path/to/a/release-20241231/report.html")
    assert capsys.readouterr().out.splitlines() == [
        "the report is in",
        "/a/very/long/path/to/a/release-20241231/report.html",
    ]


def test_piped_sentences_are_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    echo("word " * 60)
    assert len(capsys.readouterr().out.splitlines()) == 1
