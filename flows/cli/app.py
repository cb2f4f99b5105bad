"""The `shelfcast` command: one sub-command per flow, and views. Heavy imports wait for the command that needs them."""

import os
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import schemas
from flows.cli.console import Answer, Quiet, UsageError, command, command_context, parse_pairs, start_prefect
from flows.cli.render import home as home_view
from flows.cli.render import overrides as overrides_view
from flows.cli.render import sales, training
from flows.cli.render import stores as stores_view
from flows.cli.results import ReportResult
from flows.settings import home_at, load

SALES, TRAINING, STORES, WATCH, TOOLS = (
    "Bring sales in",
    "Retrain with the seasons",
    "Promote models to stores",
    "Monitor accuracy",
    "Tools",
)
"""The jobs by which `--help` groups the commands."""

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Retrain a retail chain's demand forecaster, compress it, gate it on MAPE, promote it to stores, watch it.",
    epilog=(
        "Exit codes: 0 done; 1 failed; 2 bad usage or settings; 3 refused by a check. Settings: "
        "deployments/settings.toml or $SHELFCAST_SETTINGS; stores: deployments/stores.toml or $SHELFCAST_STORES."
    ),
)
quarantine = typer.Typer(
    rich_markup_mode="markdown",
    no_args_is_help=True,
    help="List the rows that were refused, and merge them once corrected.",
)
app.add_typer(quarantine, name="quarantine", rich_help_panel=SALES)


def _version(asked: bool) -> None:
    if asked:
        print(f"shelfcast {version('shelfcast')}")
        raise typer.Exit


@app.callback()
def _shelfcast(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit")
    ] = False,
) -> None:
    pass


HomeOption = Annotated[
    str | None,
    typer.Option("--home", metavar="FOLDER", help="Folder of all state", show_default="$SHELFCAST_HOME, else data/"),
]
Judged = Annotated[
    str | None, typer.Argument(help="Id of a release or of a refused candidate", show_default="the newest release")
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="OURS=THEIRS,...", help="Names of the file's columns: date=Date,store=Store"),
]
Constants = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="OURS=VALUE,...", help="Values of columns that the file lacks: item=all"),
]
Wide = Annotated[bool, typer.Option("--wide", help="Show every column, however narrow the terminal is")]
All = Annotated[bool, typer.Option("--all", help="Show every row, also of those that say the same")]


@command(app, "shelfcast ingest export.csv --map date=Datum,store=Filiale,sales=Absatz --set item=all", SALES)
def ingest(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE",
            help="CSV (plain, .gz, .zst) or Parquet: files, folders, patterns, URLs (s3://...), names of \\[sources]",
        ),
    ] = None,
    feed: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the [feeds] entry that describes the files")
    ] = None,
    columns: Columns = None,
    constants: Constants = None,
    home: HomeOption = None,
) -> Answer:
    """Land sales, validate them, merge the good rows, quarantine the bad ones.

    Columns are date (YYYY-MM-DD), store, item and sales (whole units), unless --feed, --map and --set say otherwise.
    Without a SOURCE, the home's landing folder is read. The same content again changes nothing; another value for a
    known day replaces it. A store with too many bad rows is refused alone; a batch with too many is refused whole, with
    exit code 3.
    """
    from flows.preflight.ingest import ingest_request
    from tasks.ingest.reading.source import Source

    mapped, fixed = parse_pairs("--map", columns), parse_pairs("--set", constants)
    given = [Source(each) for each in sources or []]
    ingest_request(home, given, feed, mapped, fixed)
    start_prefect()
    from flows.ingest import ingest as flow

    result = flow(given or None, home, feed, mapped, fixed)
    return Answer(result, sales.ingest, refused=result.refused)


@command(app, "shelfcast retrain --profile quick", TRAINING)
def retrain(
    profile: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="How thorough: quick (1 run, minutes), standard (3 runs), reference (the published recipe)",
        ),
    ] = "standard",
    recipe: Annotated[
        str | None, typer.Option(metavar="NAME", help="production, level or reference", show_default="the profile's")
    ] = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Reason, for the release's manifest")] = "by hand",
    wide: Wide = False,
    every_row: All = False,
    home: HomeOption = None,
) -> Answer:
    """Train the baseline, compress it into all variants, gate each, publish those that pass.

    An interrupted run resumes. With the same sales and the same settings, the release is there already and is shown.
    """
    from flows.preflight.retrain import retrain_request

    retrain_request(home, profile, recipe)
    start_prefect()
    from flows.retrain import retrain as flow

    result = flow(home=home, profile=profile, recipe=recipe, reason=reason)
    return Answer(result, partial(training.retrain, wide=wide, every_row=every_row), refused=result.release is None)


@command(app, "shelfcast judge 20241231-4f381d4f --limits stricter.toml", TRAINING)
def judge(
    release: Judged = None,
    limits: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML file whose [gate] counts over that of the settings")
    ] = None,
    home: HomeOption = None,
) -> Answer:
    """Evaluate a release again by the current limits of the gate, or by others; nothing is trained, nothing changes.

    The verdicts come from the errors of each day that the release was judged on, against the models that stores ran
    then. Exit code 3 if no variant would pass.
    """
    from flows.cli import views

    result = views.rejudged(home_at(home), release, load().limits(limits))
    return Answer(result, training.judge, refused=not result.passed)


@command(app, "shelfcast promote --stores 3,4", STORES)
def promote(
    release: Annotated[str | None, typer.Argument(help="Id of a release", show_default="the newest")] = None,
    stores: Annotated[str | None, typer.Option(help="Stores that get it instead of the next wave: a,b,c")] = None,
    home: HomeOption = None,
) -> Answer:
    """Give a release to the next wave of stores: canary stores first, then the rest.

    Each store gets the variant that costs it least, of those that passed the gate and fit its device.
    """
    from flows.preflight.promote import promote_request

    chosen = [store.strip() for store in stores.split(",")] if stores else None
    promote_request(home, release, chosen)
    start_prefect()
    from flows.promote import promote as flow

    result = flow(home=home, release=release, stores=chosen)
    return Answer(result, stores_view.promote, refused=result.all_held, failed=bool(result.undelivered))


@command(app, 'shelfcast rollback 3 --why "shelves went empty"', STORES)
def rollback(
    store: Annotated[str | None, typer.Argument(help="One store")] = None,
    everywhere: Annotated[bool, typer.Option("--all", help="All stores")] = False,
    region: Annotated[str | None, typer.Option(help="All stores of a region in stores.toml")] = None,
    to: Annotated[
        str | None,
        typer.Option(metavar="RELEASE", help="A release that they ran earlier", show_default="the one before"),
    ] = None,
    why: Annotated[str, typer.Option(help="Reason, for the ledger")] = "by hand",
    home: HomeOption = None,
) -> Answer:
    """Roll back a store, a region or all stores to their previous champion, or to an earlier one.

    Nothing is needed of the release that they leave. Exit code 1 if the channel could not be written for a store, which
    the next `promote` or `rollback` completes.
    """
    if sum((store is not None, everywhere, region is not None)) != 1:
        raise UsageError("name one of: a STORE, --region or --all")
    from flows.preflight.promote import rollback_request

    rollback_request(home, store, region)
    start_prefect()
    from flows.promote import rollback as flow

    result = flow(home=home, store=store, region=region, why=why, release=to)
    return Answer(result, stores_view.promote, refused=result.all_held, failed=bool(result.undelivered))


@command(
    app,
    "shelfcast override 20241231-4f381d4f --variant lstm-16 "
    '--who "Ana Ruiz" --why "the old model orders double" --until 2027-01-31',
    STORES,
)
def override(
    release: Annotated[str, typer.Argument(help="Its id, or that of a refused candidate: see `shelfcast releases`")],
    variant: Annotated[str | None, typer.Option(help="Variant whose verdict is overridden")] = None,
    freeze: Annotated[bool, typer.Option("--freeze", help="Override freezes instead, for this release")] = False,
    who: Annotated[str | None, typer.Option(help="Name of the person who answers for it")] = None,
    why: Annotated[str | None, typer.Option(help="The person's reason")] = None,
    until: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Last day on which it is valid, within max_override_days")
    ] = None,
    ends: Annotated[bool, typer.Option("--revoke", help="Revoke the override now, with --who and --why")] = False,
    home: HomeOption = None,
) -> Answer:
    """Break-glass: let stores get a variant that the gate refused, or a release during a freeze, for a while.

    `promote` delivers it until that day. `status`, `releases` and every report show the override, and `monitor` opens
    an alert where a store still runs the variant afterwards. A variant without a working file can never be overridden.
    """
    from flows.preflight.override import override_request

    asked = override_request(home, release, variant, freeze, who, why, until, ends).override
    start_prefect()
    from flows.promote import override as flow

    result = flow(release, asked.who, asked.why, until, variant, freeze, ends, home)
    return Answer(result, overrides_view.override)


@command(app, "shelfcast monitor --as-of 2025-01-31", WATCH)
def monitor(
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            help="Last day to look at",
            show_default="the last day with sales",
        ),
    ] = None,
    wide: Wide = False,
    every_row: All = False,
    home: HomeOption = None,
) -> Answer:
    """Score each store's model on the sales that arrived since it was gated; open an alert where it drifts."""
    from flows.preflight.monitor import monitor_request

    day = f"{as_of:%Y-%m-%d}" if as_of else None
    monitor_request(home, day)
    start_prefect()
    from flows.monitor import monitor as flow

    result = flow(home=home, as_of=day)
    return Answer(result, partial(stores_view.monitor, wide=wide, every_row=every_row))


@command(app, "shelfcast backtest --variant lstm-16 --days 364", TRAINING)
def backtest(
    days: Annotated[int, typer.Option(min=28, help="Days to replay")] = 364,
    variant: Annotated[str, typer.Option(metavar="NAME", help="Variant to retrain")] = "lstm-16",
    profile: Annotated[
        str, typer.Option(metavar="NAME", help="Profile whose recipe is used; each model is trained once")
    ] = "quick",
    wide: Wide = False,
    every_row: All = False,
    home: HomeOption = None,
) -> Answer:
    """Replay history as if day by day: retrain never, quarterly, monthly or before each season; gate, promote, score.

    The result says what each cadence and each limit of the gate would have done, and which cadence pays. Models are
    kept under backtests/ in the home, so an interrupted run resumes, and the same run again trains nothing.
    """
    from flows.preflight.backtest import backtest_request

    backtest_request(home, variant, profile)
    start_prefect()
    from flows.backtest import backtest as flow

    result = flow(home=home, variant=variant, profile=profile, days=days)
    return Answer(result, partial(training.backtest, wide=wide, every_row=every_row))


@command(app, "shelfcast status --json", WATCH)
def status(wide: Wide = False, every_row: All = False, home: HomeOption = None) -> Answer:
    """Show what runs where and how well, and every open alert."""
    from flows.cli import views

    settings = load()
    result = views.status(home_at(home), settings.drift, settings.mape, datetime.now(UTC), settings.alert_urls)
    return Answer(result, partial(stores_view.status, wide=wide, every_row=every_row))


@command(app, "shelfcast releases", STORES)
def releases(home: HomeOption = None) -> Answer:
    """List releases and their verdicts, newest first, and refused candidates."""
    from flows.cli import views

    return Answer(views.published(home_at(home)), training.releases)


@command(app, "shelfcast report 20241231-4f381d4f", STORES)
def report(
    release: Judged = None,
    home: HomeOption = None,
) -> Answer:
    """Print the path of a release's HTML report; while overrides are active, of a copy with a banner."""
    from tasks.report import override_banner
    from tasks.state.releases import find_judged

    place = home_at(home)
    found = find_judged(place, release)
    page = override_banner.report(place, found)
    return Answer(ReportResult(release=found.id, report=str(page)), lambda result: print(result.report))


Reason = Annotated[str | None, typer.Option(metavar="TEXT", help="Only rows refused for this reason")]
OfStore = Annotated[str | None, typer.Option(metavar="NAME", help="Only rows of this store")]


@command(quarantine, 'shelfcast quarantine list --reason "negative sales" --csv bad.csv', name="list")
def quarantine_list(
    reason: Reason = None,
    store: OfStore = None,
    limit: Annotated[int, typer.Option(min=1, help="Number of rows to show")] = 50,
    csv: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write all rows to a CSV file, to correct them for `replay --fix-with`"),
    ] = None,
    home: HomeOption = None,
) -> Answer:
    """List rows in quarantine: file, line, reason and raw text."""
    from tasks.ingest.quarantine import listing

    return Answer(listing(home_at(home), reason, store, limit, csv), sales.quarantine)


@command(quarantine, "shelfcast quarantine replay --fix-with bad.csv", name="replay")
def quarantine_replay(
    reason: Reason = None,
    store: OfStore = None,
    feed: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Read the lines in the landed files again, with this [feeds] entry"),
    ] = None,
    columns: Columns = None,
    constants: Constants = None,
    fix_with: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV file of corrected rows, as `list --csv` writes it")
    ] = None,
    home: HomeOption = None,
) -> Answer:
    """Check rows in quarantine by the current rules again, and merge those that are valid now.

    With --feed, --map or --set the lines are read again in the landed files; with --fix-with values are taken from a
    CSV file. Values in the sales table are never overwritten. Rows of a refused store are merged once few enough of
    them are invalid.
    """
    from flows.preflight.ingest import quarantine_request

    mapped, fixed = parse_pairs("--map", columns), parse_pairs("--set", constants)
    quarantine_request(home, feed, mapped, fixed)
    path = str(fix_with.absolute()) if fix_with else None
    start_prefect()
    from flows.ingest import replay_quarantine as flow

    result = flow(home, reason, store, feed, mapped, fixed, path)
    return Answer(result, sales.replay)


@command(app, "shelfcast tidy", TOOLS)
def tidy(home: HomeOption = None) -> Answer:
    """Join small files of the tables, and delete files that no kept version references.

    Old versions of the sales stay readable for `tidy.keep_days` of the settings, or for ever if a release names them.
    """
    load()
    start_prefect()
    from flows.tidy import tidy as flow

    return Answer(flow(home=home), sales.tidy)


@command(app, "shelfcast verify --repair", TOOLS)
def verify(
    repair: Annotated[
        bool, typer.Option("--repair", help="Write again what can be made again: the files that devices read")
    ] = False,
    home: HomeOption = None,
) -> Answer:
    """Read the whole home, and say what is damaged or disagrees, with what to do. Exit code 3 if something is.

    Sales and the other tables are read with their checksums, a release's files by its manifest, manifests by the
    ledger, the channel by the ledger and the releases.
    """
    load()
    start_prefect()
    from flows.verify import verify as flow

    result = flow(home=home, repair=repair)
    return Answer(result, home_view.verify, refused=bool(result.damaged))


@command(app, "shelfcast sample /tmp/sales.csv --noise-floor", TOOLS)
def sample(
    path: Annotated[
        Path | None,
        typer.Argument(help="File to write: .csv, .csv.gz or .parquet", show_default="one in the landing folder"),
    ] = None,
    kind: Annotated[
        str, typer.Option("--format", metavar="KIND", help="csv, csv.gz or parquet, if no path says it")
    ] = "csv.gz",
    stores: Annotated[int, typer.Option(help="Number of stores, whose codes count from 1")] = 5,
    items: Annotated[int, typer.Option(help="Number of items that each store sells")] = 4,
    days: Annotated[int, typer.Option(help="Number of consecutive days")] = 1096,
    first_day: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="First day of sales", show_default="2022-01-01"),
    ] = datetime(2022, 1, 1),
    seed: Annotated[int, typer.Option(help="The same seed gives the same rows")] = 0,
    zero_heavy: Annotated[float, typer.Option(help="Share of items that sell on few days only")] = 0.0,
    promotions: Annotated[float, typer.Option(help="Share of weeks in which a series is on promotion")] = 0.0,
    closed_weekday: Annotated[int | None, typer.Option(help="Weekday without rows; 0 is Monday")] = None,
    shift_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Day on which all levels shift")
    ] = None,
    shift_by: Annotated[float, typer.Option(help="Factor of the levels from that day on")] = 1.5,
    noise_floor: Annotated[bool, typer.Option("--noise-floor", help="Also print the lowest MAPE possible")] = False,
    home: HomeOption = None,
) -> Answer:
    """Write synthetic sales whose truth is known: level x weekday x month x growth, Poisson noise."""
    from flows.settings_errors import explained
    from tasks.forecasting.synthetic import Chain
    from tasks.ingest.sample import sample as write

    with explained("sample"):
        chain = Chain(
            stores=stores,
            items=items,
            days=days,
            first_day=first_day.date(),
            seed=seed,
            zero_heavy=zero_heavy,
            promotions=promotions,
            closed_weekday=closed_weekday,
            shift_on=shift_on.date() if shift_on else None,
            shift_by=shift_by,
        )
    name = f"synthetic-{chain.stores}x{chain.items}x{chain.days}-{chain.seed}.{kind}"
    target = path or home_at(home).landing / name
    return Answer(write(target, chain, load().days.holdout if noise_floor else None), sales.sample)


@app.command(rich_help_panel=TOOLS, epilog="Example: shelfcast schema manifest")
def schema(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of: {', '.join(schemas.MODELS)}")],
) -> None:
    """Print the JSON schema of a release's manifest, a store's assignment, or a command's --json."""
    with command_context(as_json=False, quiet=True) as answer:
        answer.text(schemas.schema(name))


@app.command(rich_help_panel=TRAINING, epilog="Example: shelfcast serve --home /srv/shelfcast")
def serve(home: HomeOption = None, quiet: Quiet = False) -> None:
    """Serve all of deployments/prefect.yaml from this machine, with a local Prefect server if none is set."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING" if quiet else "INFO")
    with command_context(as_json=False, quiet=quiet):
        os.environ["SHELFCAST_HOME"] = str(home_at(home).root)
        start_prefect()
        from flows.runtime.serve import serve as run

        run()


def main() -> None:
    """The console script."""
    app()
