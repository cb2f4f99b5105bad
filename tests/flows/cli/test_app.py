"""The command as people and scripts call it: a process, its exit code, its stdout and its stderr."""

import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from tasks.forecasting.gate.limits import Limits
from tasks.forecasting.synthetic import Chain
from tasks.ingest.sample import write_sample
from tasks.promote.override import grant
from tasks.state.home import Home
from tasks.state.overrides import Override
from tests.sales import sales_rows
from tests.stores import record_release

pytestmark = pytest.mark.timeout(900)  # a retrain in a fixture, on a machine that may be busy

Run = Callable[..., subprocess.CompletedProcess[str]]

HEADER = "date,store,item,sales\n"
GOOD = HEADER + "2024-01-01,1,1,3\n"
SHELFCAST = Path(sys.executable).with_name("shelfcast")


@pytest.fixture
def run(tmp_path: Path, api_url: str) -> Run:
    """Run `shelfcast ... --home tmp_path/home` against the session's Prefect API."""
    return runner(tmp_path, api_url)


def runner(folder: Path, api_url: str) -> Run:
    def call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        home = [] if "--home" in arguments else ["--home", str(folder / "home")]
        return subprocess.run(
            [SHELFCAST, *arguments, *home],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            env={**os.environ, "PREFECT_API_URL": api_url, **environment},
            cwd=folder,
        )

    return call


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder by its content."""
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def assert_one_clear_line(result: subprocess.CompletedProcess[str], *words: str) -> None:
    assert "Traceback" not in result.stdout + result.stderr
    line = next(line for line in (result.stderr + result.stdout).splitlines() if words[0] in line)
    for word in words:
        assert word in line


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", ["empty.csv is empty", "is the export complete?"]),
        ("header.csv", HEADER.encode(), ["header.csv has a header and no rows"]),
        (
            "columns.csv",
            b"day,shop,sku,qty\n2024-01-01,1,1,3\n",
            [
                "lacks the columns date, store, item, sales",
                "Received: day, shop, sku, qty",
                "--map date=day,store=shop,item=sku",
            ],
        ),
        ("rubbish.csv", bytes(range(256)) * 8, ["rubbish.csv is not text"]),
        ("cut.csv.gz", gzip.compress(GOOD.encode() * 500)[:-20], ["cut.csv.gz is a damaged gzip", "fetch it again"]),
        ("cut.parquet", b"PAR1 and then nothing", ["cut.parquet is not a Parquet file"]),
        ("bad.csv", (HEADER + "yesterday,1,1,3\n" * 9).encode(), ["no sales were taken", "9 of 9 rows"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_files_are_refused_in_one_line_and_change_nothing(
    run: Run, tmp_path: Path, name: str, content: bytes, words: list[str]
) -> None:
    (tmp_path / name).write_bytes(content)
    result = run("ingest", name, "--json")
    assert result.returncode == 3
    assert_one_clear_line(result, *words)
    answer = json.loads(result.stdout)
    assert answer["refused"] is True
    assert answer["rows_accepted"] == answer["rows_changed"] == answer["rows_quarantined"] == 0
    assert answer["rows_refused"] == answer["rows_read"]
    assert [row["file"] for row in answer["bad_rows"]] == [name] * answer["rows_read"]
    left = {path.name for path in (tmp_path / "home").glob("[!.]*")}
    assert left == ({"docs", "ledger"} if answer["rows_read"] else set()), "what it was and why, and no row of it"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ingest", "nowhere.csv"], ["no such file or folder: nowhere.csv"]),
        (["ingest", "."], ["the folder holds no .csv, .csv.gz, .csv.zst, .parquet file"]),
        (["ingest"], ["no such file or folder"]),
        (["ingest", "*.csv"], ["no .csv, .csv.gz, .csv.zst, .parquet file matches: *.csv"]),
        (["ingest", ".", "--feed", "till"], ["no feed 'till'; settings name none"]),
        (["ingest", ".", "--map", "datum=Date"], ["there is no column 'datum' to map or set"]),
        (["ingest", ".", "--set", "Item=all"], ["there is no column 'Item' to map or set"]),
        (["ingest", ".", "--map", "item=Art", "--set", "item=1"], ["the column item is mapped to 'Art' and set too"]),
        (["ingest", ".", "--map", "date"], ["--map takes name=value,name=value"]),
        (["ingest", ".", "--map", "date=a", "--map", "date=b"], ["--map names date twice: a and b"]),
        (["ingest", "ftps3://x/y.csv"], ["no protocol ftps3:// is known", "Received: ftps3://x/y.csv"]),
        (["quarantine", "replay", "--map", "datum=Date"], ["there is no column 'datum' to map or set"]),
        (["retrain"], ["there are no sales in", "run `shelfcast ingest` first"]),
        (["retrain", "--profile", "fast"], ["no profile 'fast'; there are quick, standard, reference"]),
        (["retrain", "--recipe", "secret"], ["no recipe 'secret'; there are reference, production"]),
        (["promote"], ["there are no releases in", "run `shelfcast retrain` first"]),
        (["rollback"], ["name one of: a STORE, --region or --all"]),
        (["override", "x", "--variant", "lstm-8", "--who", " "], ["--until is the last day", "Received: None"]),
        (
            ["override", "x", "--freeze", "--revoke", "--who", "Ana", "--why", "it is safe"],
            ["there is no active override of freezes for release x to revoke; none is active"],
        ),
        (["rollback", "1"], ["there are no sales"]),
        (["monitor"], ["there are no sales"]),
        (["backtest"], ["there are no sales"]),
        (["backtest", "--variant", "gpt-4"], ["a variant's name is lstm-UNITS", "'gpt-4'"]),
        (["backtest", "--profile", "fast"], ["no profile 'fast'; there are quick, standard, reference"]),
        (["report"], ["there are no releases"]),
        (["status", "--home", "s3://bucket/shelfcast"], ["home must be a folder", "s3://bucket/shelfcast"]),
        (["sample", "sales.xlsx"], ["sales are written as .csv, .csv.gz or .parquet"]),
        (["sample", "sales.csv", "--stores", "0"], ["sample: stores: Input should be greater than or equal to 1"]),
    ],
    ids=" ".join,
)
def test_misuse_is_said_in_one_line_with_exit_code_2(
    run: Run, tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    result = run(*arguments)
    assert result.returncode == 2, result.stderr
    assert_one_clear_line(result, *words)
    assert len(result.stderr.splitlines()) == 1
    assert not result.stdout
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[gate]\nmax_mpae = 3\n", ["unknown key 'gate.max_mpae'", "check its spelling"]),
        ("[gaet]\nmax_mape = 3\n", ["unknown key 'gaet'"]),
        ("[gate]\nmax_mape = 'low'\n", ["gate.max_mape", "valid number"]),
        ("[feeds.till]\nmap = { datum = 'Date' }\n", ["feeds.till.map", "there is no column 'datum'"]),
        ("[feeds.till]\ndate_format = 'dd.mm'\n", ["feeds.till.date_format", "names day, month and year"]),
        ("[gate\n", ["settings.toml"]),
        (
            "[profiles.mine]\nrecipe = 'production'\nruns = 1\nvariants = ['lstm-x']\n",
            ["a variant's name is lstm-UNITS"],
        ),
    ],
    ids=[
        "misspelt key",
        "misspelt block",
        "not a number",
        "unknown column",
        "half a date",
        "not TOML",
        "no such variant",
    ],
)
def test_settings_that_cannot_be_used_are_said_in_one_line(
    run: Run, tmp_path: Path, content: str, words: list[str]
) -> None:
    (tmp_path / "settings.toml").write_text(content)
    (tmp_path / "sales.csv").write_text(GOOD)
    result = run("ingest", "sales.csv", SHELFCAST_SETTINGS=str(tmp_path / "settings.toml"))
    assert result.returncode == 2
    assert_one_clear_line(result, *words)
    assert not (tmp_path / "home").exists()


def test_a_feed_of_the_settings_reads_an_export_and_options_go_over_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        "[feeds.till]\nmap = { date = 'Datum', store = 'Filiale', sales = 'Absatz' }\nset = { item = 'all' }\n"
        "decimal = ','\ndate_format = '%d.%m.%Y'\n"
    )
    (tmp_path / "export.csv").write_text("Datum;Filiale;Artikel;Absatz\n05.01.2024;S-017;9;13,0\n")
    named = {"SHELFCAST_SETTINGS": str(tmp_path / "settings.toml")}
    for options, items in (["--feed", "till"], ["all"]), (["--feed", "till", "--map", "item=Artikel"], ["9"]):
        home = tmp_path / items[0]
        result = run("ingest", "*.csv", *options, "--home", str(home), "--json", **named)
        assert json.loads(result.stdout)["rows_accepted"] == 1, result.stderr
        rows = sales_rows(Home(home))
        assert [(str(row.date), row.store, row.item, row.sales) for row in rows.itertuples()] == [
            ("2024-01-05", "S-017", items[0], 13)
        ]


def test_no_limits_at_all_is_a_settings_error(run: Run) -> None:
    limits = [name.upper() for name in Limits.model_fields if name.startswith(("max_mape", "max_worse_"))]
    result = run(
        "status", SHELFCAST_GATE__BEAT_REFERENCE="false", **{f"SHELFCAST_GATE__{name}": "none" for name in limits}
    )
    assert result.returncode == 2
    assert_one_clear_line(result, "the gate has no limits at all")


def test_an_unknown_store_in_the_store_list_is_named(run: Run, tmp_path: Path, released: Path) -> None:
    listed = tmp_path / "stores.toml"
    listed.write_text(
        "[devices.till]\nflash_kb = 99\nram_kb = 99\nlatency_us = 9999\n[stores]\n99 = { device = 'till' }\n"
    )
    before = tree(released)
    result = run("promote", SHELFCAST_STORES=str(listed))
    assert result.returncode == 2
    assert_one_clear_line(result, "stores.toml names store 99, which has no sales", "Stores with sales: 1")
    assert tree(released) == before


@pytest.fixture
def released(once: Path, tmp_path: Path) -> Path:
    """A copy of the home with one store's sales and a release."""
    shutil.copytree(once, tmp_path, dirs_exist_ok=True)
    return tmp_path / "home"


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, api_url: str) -> Path:
    """A folder with one store's sales, a small settings file, and a home with a release of them."""
    tmp_path = tmp_path_factory.mktemp("once")
    run = runner(tmp_path, api_url)
    (tmp_path / "settings.toml").write_text(
        "[profiles.quick]\nrecipe = 'production'\nruns = 1\nvariants = ['lstm-8', 'lstm-8-int8']\n"
        "[gate]\nmax_worse_than_baseline_pp = 3\nbeat_reference = false\nfit_a_device = false\n"
        "max_worse_in_a_store_pp = 'none'\nmax_worse_in_a_class_pp = 'none'\n"
    )
    write_sample(tmp_path / "sales.csv", Chain(stores=1, items=2, days=430))
    extra = "2022-06-01,1,3,0\n2022-06-02,1,3,4\n"  # a series of two days
    (tmp_path / "sales.csv").write_text((tmp_path / "sales.csv").read_text() + extra)
    assert run("ingest", "sales.csv").returncode == 0
    settings = {"SHELFCAST_SETTINGS": str(tmp_path / "settings.toml")}
    result = run("retrain", "--profile", "quick", "--json", "--quiet", **settings)
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert result.stderr == ""
    assert answer["series_skipped"] == 1
    assert Path(answer["report"]).is_file()
    wanted = {"release", "snapshot", "seconds", "recipe", "naive_mape", "variants", "choices"}
    assert wanted <= set(answer)
    for each in answer["variants"]:
        assert {
            *("name", "parent", "runs", "mape", "mape_std", "coverage", "wape", "bias_pct", "delta_mape"),
            *("weights_kb", "file_bytes", "transfer_bytes", "latency_us", "verdict", "reasons", "dominated_by"),
        } <= set(each)
    assert [each["device"] for each in answer["choices"]] == ["shelf-label", "handheld", "till"]
    for each in answer["choices"]:
        assert each["variant"] == each["ranking"][0]["name"]
        assert each["reason"].startswith(f"{each['variant']}: ")
    return tmp_path


def test_one_store_goes_all_the_way_and_status_answers_in_about_a_second(
    run: Run, tmp_path: Path, released: Path
) -> None:
    listed = tmp_path / "stores.toml"
    listed.write_text("default_device = 'till'\n[devices.till]\nflash_kb = 99\nram_kb = 99\nlatency_us = 9999\n")
    promoted = json.loads(
        run("promote", "--json", SHELFCAST_STORES=str(listed), SHELFCAST_COSTS__PER_MAPE_PP="0").stdout
    )
    assert {"release", "wave", "stores"} <= set(promoted)
    assert [(each["store"], each["variant"], each["state"]) for each in promoted["stores"]] == [
        ("1", "lstm-8-int8", "promoted")
    ]
    watched = json.loads(run("monitor", "--json").stdout)
    assert {"as_of", "stores", "alerts"} <= set(watched)
    assert {"store", "release", "variant", "mape", "drift_pp", "days"} <= set(watched["stores"][0])
    start = time.monotonic()
    status = run("status", "--json")
    assert time.monotonic() - start < 5  # it is about one; a busy machine must not fail the test
    assert json.loads(status.stdout)["stores"][0]["release"] == promoted["release"]
    assert run("report").stdout.strip().endswith("report.html")
    assert promoted["release"] in run("releases").stdout
    assert run("rollback", "1", SHELFCAST_STORES=str(listed)).returncode == 3


def test_a_person_lets_a_refused_variant_out_and_every_report_says_so(run: Run, released: Path) -> None:
    (manifest,) = released.glob("releases/*/manifest.json")
    record = json.loads(manifest.read_text())
    record["variants"][-1] |= {"verdict": "fail", "reasons": ["MAPE is 31.00 %, over the limit of 30 %"]}
    manifest.write_text(json.dumps(record))
    record_release(Home(released), record["release"])
    name, until = record["release"], str(date.today() + timedelta(7))
    word = ("--who", "Ana Ruiz", "--why", "the new tills cannot wait")
    told = json.loads(run("override", name, "--variant", "lstm-8-int8", *word, "--until", until, "--json").stdout)
    assert told == {
        "schema_version": 1,
        "release": name,
        "variant": "lstm-8-int8",
        "what": "verdict",
        "who": "Ana Ruiz",
        "why": "the new tills cannot wait",
        "until": until,
        "state": "active",
        "outcome": "fail",
        "reasons": ["MAPE is 31.00 %, over the limit of 30 %"],
    }
    frozen = {"SHELFCAST_ROLLOUT__FREEZE": '[{"name": "all year", "first": "01-01", "last": "12-31"}]'}
    listed = {"SHELFCAST_STORES": str(released.parent / "stores.toml"), "SHELFCAST_COSTS__PER_MAPE_PP": "0"}
    (released.parent / "stores.toml").write_text(
        "default_device = 'till'\n[devices.till]\nflash_kb = 99\nram_kb = 99\nlatency_us = 9999\n"
    )
    grant.fn(Home(released), Override(name, "freeze", None, "Bo Chen", "recall", date.today()), date.today())
    given = run("promote", **frozen, **listed)
    assert given.returncode == 0, given.stderr
    assert (
        f"; the gate did not pass it: released by Ana Ruiz until {until}: the new tills cannot wait; " in given.stdout
    )
    assert f"; in spite of freeze 'all year': released by Bo Chen until {date.today()}: recall" in given.stdout
    report = run("report").stdout.strip()
    assert report == str(released / "reports" / f"{name}.html")
    ended = run("override", name, "--variant", "lstm-8-int8", *word, "--revoke")
    assert ended.stdout == f"lstm-8-int8 of {name}: no longer overridden; stores keep what they run\n"
    watched = json.loads(run("monitor", "--json").stdout)
    assert [(each["kind"], each["subject"]) for each in watched["alerts"]] == [("override-expired", "store.1")]


def test_the_same_file_again_changes_nothing(run: Run, tmp_path: Path, released: Path) -> None:
    before = tree(released)
    again = json.loads(run("ingest", "sales.csv", "--json").stdout)
    assert (again["rows_accepted"], again["rows_changed"], again["rows_read"]) == (0, 0, 862)
    assert tree(released) == before


def test_bad_rows_go_to_quarantine_and_come_back_when_the_rules_allow(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(
        HEADER + "2024-01-01,1,1,3\n2024-01-02,1,1,-3\n2024-01-03,1,1,700\n2024-01-04,1,1,5\n"
    )
    strict = {"SHELFCAST_CONTRACT__MAX_SALES": "500"}
    first = json.loads(run("ingest", "sales.csv", "--json", **strict).stdout)
    assert (first["rows_read"], first["rows_accepted"], first["rows_quarantined"]) == (4, 2, 2)
    assert first["reasons"] == {"negative sales": 1, "sales too large": 1}
    listed = json.loads(run("quarantine", "list", "--json").stdout)
    assert [(row["line"], row["reason"], row["raw"]) for row in listed["rows"]] == [
        (3, "negative sales", "2024-01-02,1,1,-3"),
        (4, "sales too large", "2024-01-03,1,1,700"),
    ]
    again = json.loads(run("quarantine", "replay", "--json").stdout)
    assert (again["rows_accepted"], again["rows_quarantined"]) == (1, 1)
    assert json.loads(run("quarantine", "list", "--json").stdout)["total"] == 1


def test_bad_rows_are_corrected_in_a_list_and_come_back(run: Run, tmp_path: Path) -> None:
    rows = [f"2024-01-{day:02},S-1,4006381333931,{'-3' if day == 5 else day}\n" for day in range(1, 11)]
    (tmp_path / "sales.csv").write_text(HEADER + "".join(rows))
    run("ingest", "sales.csv")
    listed = json.loads(run("quarantine", "list", "--store", "S-1", "--csv", "bad.csv", "--json").stdout)
    assert (listed["total"], listed["csv"]) == (1, "bad.csv")
    assert json.loads(run("quarantine", "list", "--store", "S-2", "--json").stdout)["total"] == 0
    text = (tmp_path / "bad.csv").read_text()
    (tmp_path / "bad.csv").write_text(text.replace('"-3"', '"3"'))
    replayed = run("quarantine", "replay", "--fix-with", "bad.csv")
    assert "1 row checked against today's rules: 1 added" in replayed.stdout
    assert "2024-01-05,S-1,4006381333931,-3" in replayed.stdout
    assert json.loads(run("quarantine", "list", "--json").stdout)["total"] == 0
    assert_one_clear_line(run("quarantine", "replay", "--fix-with", "none.csv"), "none.csv cannot be read as CSV")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([f"2024-01-{day:02},1,1,3" for day in range(1, 11)], ["no series has the 15 days", "ingest more history"]),
        (
            [f"2024-{1 + day // 28:02}-{1 + day % 28:02},1,1,0" for day in range(150)],
            ["0 windows with sales to learn from"],
        ),
    ],
    ids=["series too short", "all zeros"],
)
def test_sales_that_nothing_can_be_learned_from(run: Run, tmp_path: Path, rows: list[str], words: list[str]) -> None:
    (tmp_path / "sales.csv").write_text(HEADER + "\n".join(rows) + "\n")
    assert run("ingest", "sales.csv").returncode == 0
    before = tree(tmp_path / "home")
    result = run("retrain", "--profile", "quick", "--quiet")
    assert result.returncode == 3
    assert_one_clear_line(result, *words)
    assert tree(tmp_path / "home") == before


def test_a_sample_lands_where_ingest_looks(run: Run, tmp_path: Path) -> None:
    made = json.loads(run("sample", "--stores", "1", "--days", "30", "--format", "parquet", "--json").stdout)
    assert made == {
        "schema_version": 1,
        "path": str(tmp_path / "home" / "landing" / "synthetic-1x4x30-0.parquet"),
        "rows": 120,
        "noise_floor": None,
        "noise_floor_holdout": None,
    }
    assert json.loads(run("ingest", "--json").stdout)["rows_accepted"] == 120


def test_serve_needs_its_server(run: Run) -> None:
    result = run("serve", PREFECT_API_URL="http://127.0.0.1:9/api")
    assert result.returncode == 1
    assert_one_clear_line(result, "the server of PREFECT_API_URL must answer", "http://127.0.0.1:9/api")


def test_an_error_is_json_too(run: Run) -> None:
    result = run("promote", "--json")
    assert result.returncode == 2
    assert "there are no releases" in json.loads(result.stdout)["error"]


@pytest.mark.parametrize(
    "command",
    [
        "",
        "ingest",
        "retrain",
        "judge",
        "promote",
        "rollback",
        "override",
        "monitor",
        "backtest",
        "status",
        "releases",
        "report",
        "sample",
        "serve",
        "quarantine list",
        "quarantine replay",
    ],
)
def test_help_says_what_a_command_does(command: str) -> None:
    result = subprocess.run(
        [SHELFCAST, *command.split(), "--help"], capture_output=True, text=True, timeout=60, check=True
    )
    assert "Usage: shelfcast" in result.stdout
    assert len(result.stdout.splitlines()) > 8
