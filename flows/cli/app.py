"""The `shelfcast` command: one sub-command per flow, and views. Heavy imports wait for the command that needs them."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli import render
from flows.cli.console import Misuse, answering, flows, pairs
from flows.settings import home_at, load, stores_listed

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Retrain a retail chain's demand forecaster, compress it, gate it on MAPE, promote it to stores, watch it.",
    epilog=(
        "Exit codes: 0 done; 1 failed; 2 bad usage or settings; 3 refused by a check. Settings: "
        "deployments/settings.toml or $SHELFCAST_SETTINGS; stores: deployments/stores.toml or $SHELFCAST_STORES."
    ),
)
quarantine = typer.Typer(no_args_is_help=True, help="Rows that were refused, and their way back.")
app.add_typer(quarantine, name="quarantine")

HomeOption = Annotated[
    str | None, typer.Option("--home", metavar="URL", help="Folder of all state [default: $SHELFCAST_HOME, else data/]")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else there")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="OURS=THEIRS,...", help="Our column = the file's: date=Date,store=Store"),
]
Constants = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="OURS=VALUE,...", help="A column the file does not have = its value: item=all"),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on stderr")]


@app.command()
def ingest(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE...", help="CSV (plain, .gz, .zst) or Parquet: files, folders, patterns, URLs (s3://...)"
        ),
    ] = None,
    feed: Annotated[str | None, typer.Option(help="Name of the [feeds] entry that describes the files")] = None,
    columns: Columns = None,
    constants: Constants = None,
    home: HomeOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Land sales, validate them, merge the good rows, quarantine the bad ones.

    Columns: date (YYYY-MM-DD), store, item, sales (whole units), unless --feed, --map and --set say otherwise.
    Without a SOURCE, the home's landing folder is ingested.
    Each file is ingested once; renaming it makes no difference. Another value for a known day replaces the old one.
    A store with too many bad rows is refused alone; a batch with too many bad rows is refused, with exit code 3.
    """
    with answering(as_json, quiet) as answer:
        from tasks.ingest.reading.sources import require_usable

        mapped, fixed = pairs("--map", columns), pairs("--set", constants)
        load().feed(feed, mapped, fixed)
        require_usable(sources or [str(home_at(home).landing)])

        result = flows("ingest").ingest(sources=sources or None, home=home, feed=feed, columns=mapped, constants=fixed)
        answer(result, render.ingest, refused=result.refused)


@app.command()
def retrain(
    profile: Annotated[
        str, typer.Option(help="quick: 1 run; standard: 3 runs; reference: the published recipe")
    ] = "standard",
    recipe: Annotated[str | None, typer.Option(help="production, level or reference, instead of the profile's")] = None,
    reason: Annotated[str, typer.Option(help="Why, for the release's manifest")] = "by hand",
    home: HomeOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train the baseline, compress it into all variants, gate each, publish those that pass.

    A run that was cut off goes on where it was. On the same sales with the same settings the release is there already.
    """
    with answering(as_json, quiet) as answer:
        from flows.runtime.cluster import require_usable
        from tasks.state import sales_table

        load().profile(profile, recipe)
        stores_listed()
        sales_table.latest(home_at(home))
        require_usable(load().workers, home_at(home))

        result = flows("retrain").retrain(home=home, profile=profile, recipe=recipe, reason=reason)
        answer(result, render.retrain, refused=result["release"] is None)


@app.command()
def judge(
    release: Annotated[str | None, typer.Argument(help="Its id, or a refused one's [default: the newest]")] = None,
    limits: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML with [gate], over that of the settings")
    ] = None,
    home: HomeOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """What the gate would say of a release by today's limits, or others. Nothing is trained, nothing changes.

    It goes by the errors of each day that the release was judged on, against the models that stores ran then.
    Exit code 3 if no variant would pass.
    """
    with answering(as_json, quiet) as answer:
        from flows.cli import views

        result = views.rejudged(home_at(home), release, load().limits(limits))
        answer(result, render.judge, refused=all(each["verdict"] != "pass" for each in result["variants"]))


@app.command()
def promote(
    release: Annotated[str | None, typer.Argument(help="Its id [default: the newest]")] = None,
    stores: Annotated[str | None, typer.Option(help="Give it to these stores, a,b,c, instead of the next wave")] = None,
    home: HomeOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Give a release to the next wave of stores: canary stores first, then the rest.

    Each store gets the variant that costs it least, of those that passed the gate and fit its device.
    """
    with answering(as_json, quiet) as answer:
        from tasks.forecasting.rollout.waves import require_known
        from tasks.state import release as noun
        from tasks.state import sales_table

        policy = load().rollout
        place, chosen = home_at(home), [store.strip() for store in stores.split(",")] if stores else None
        noun.find(place, release)
        known = sales_table.stores(place)
        require_known(stores_listed().stores, known, "stores.toml")
        require_known(policy.frozen_stores, known, "[[rollout.freeze]] of the settings")
        require_known(chosen or (), known, "--stores")

        result = flows("promote").promote(home=home, release=release, stores=chosen)
        answer(result, render.promote, refused=_all_held(result))


@app.command()
def rollback(
    store: Annotated[str | None, typer.Argument(help="One store")] = None,
    everywhere: Annotated[bool, typer.Option("--all", help="All stores")] = False,
    region: Annotated[str | None, typer.Option(help="All stores of a region in stores.toml")] = None,
    why: Annotated[str, typer.Option(help="Why, for the ledger")] = "by hand",
    home: HomeOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Give a store, a region or all stores the champion back that they had before."""
    with answering(as_json, quiet) as answer:
        if sum((store is not None, everywhere, region is not None)) != 1:
            raise Misuse("name one of: a STORE, --region or --all")
        from tasks.promote import selection

        selection.stores(home_at(home), stores_listed(), store, region)

        result = flows("promote").rollback(home=home, store=store, region=region, why=why)
        answer(result, render.promote, refused=_all_held(result))


@app.command()
def override(
    release: Annotated[str, typer.Argument(help="Its id, or that of a refused candidate: see `shelfcast releases`")],
    variant: Annotated[str | None, typer.Option(help="Whose verdict is overridden")] = None,
    freeze: Annotated[bool, typer.Option("--freeze", help="Freezes are overridden, for this release")] = False,
    who: Annotated[str | None, typer.Option(help="Name of the person who answers for it")] = None,
    why: Annotated[str | None, typer.Option(help="Their reason")] = None,
    until: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Last day that it holds on, within max_override_days")
    ] = None,
    ends: Annotated[bool, typer.Option("--revoke", help="End it now, with --who and --why")] = False,
    home: HomeOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Break-glass: let stores get a variant that the gate refused, or a release during a freeze, for a while.

    `promote` takes it until that day. `status`, `releases` and every report show it, and `monitor` alerts where a store
    still runs it afterwards. A variant whose file does not work can never be overridden.
    """
    with answering(as_json, quiet) as answer:
        from tasks.state import overrides

        place, longest = home_at(home), load().rollout.max_override_days
        if ends:
            asked = overrides.revocation(place, release, variant, freeze, who, why, until)
        else:
            asked = overrides.request(place, release, variant, freeze, who, why, until, longest)

        result = flows("promote").override(release, asked.who, asked.why, until, variant, freeze, ends, home)
        answer(result, render.override)


@app.command()
def monitor(
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day to look at [default: the last with sales]")
    ] = None,
    home: HomeOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Score each store's model on the sales that arrived since it was gated; alert once where it drifts."""
    with answering(as_json, quiet) as answer:
        from tasks.state import sales_table

        load()
        sales_table.latest(home_at(home))

        answer(flows("monitor").monitor(home=home, as_of=f"{as_of:%Y-%m-%d}" if as_of else None), render.monitor)


@app.command()
def backtest(
    days: Annotated[int, typer.Option(min=28, help="Days to replay")] = 364,
    variant: Annotated[str, typer.Option(help="What to retrain")] = "lstm-16",
    profile: Annotated[str, typer.Option(help="Whose recipe; each model is trained once, whatever its runs")] = "quick",
    home: HomeOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Replay history as if day by day: retrain never, quarterly, monthly or before each season; gate, promote, score.

    It says what each cadence and each limit of the gate would have done, and which cadence pays. Models are kept under
    backtests/ in the home, so a run that was cut off goes on, and the same run again trains nothing.
    """
    with answering(as_json, quiet) as answer:
        from flows.runtime import seasons
        from tasks.forecasting.model.variants import plan
        from tasks.state import sales_table

        load().profile(profile)
        seasons.load()
        plan.variant(variant)
        sales_table.latest(home_at(home))

        result = flows("backtest").backtest(home=home, variant=variant, profile=profile, days=days)
        answer(result, render.backtest)


@app.command()
def status(home: HomeOption = None, as_json: Json = False, quiet: Quiet = False) -> None:
    """What runs where, and how well."""
    with answering(as_json, quiet) as answer:
        from flows.cli import views

        settings = load()
        answer(views.status(home_at(home), settings.drift, settings.mape), render.status)


@app.command()
def releases(home: HomeOption = None, as_json: Json = False, quiet: Quiet = False) -> None:
    """Releases and their verdicts, newest first."""
    with answering(as_json, quiet) as answer:
        from flows.cli import views

        answer(views.published(home_at(home)), render.releases)


@app.command()
def report(
    release: Annotated[str | None, typer.Argument(help="Its id [default: the newest]")] = None,
    home: HomeOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The path of a release's HTML report; a copy that tells of overrides while there are any."""
    with answering(as_json, quiet) as answer:
        from tasks.report import override_banner
        from tasks.state.release import find

        place = home_at(home)
        found = find(place, release)
        page = override_banner.report(place, found)
        answer({"release": found.id, "report": str(page)}, lambda result: print(result["report"]))


Reason = Annotated[str | None, typer.Option(help="Only rows refused for this reason")]
OfStore = Annotated[str | None, typer.Option(help="Only rows that name this store")]


@quarantine.command("list")
def quarantine_list(
    reason: Reason = None,
    store: OfStore = None,
    limit: Annotated[int, typer.Option(min=1, help="Number of rows to show")] = 50,
    csv: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write all rows to this file, to be corrected for `replay --fix-with`"),
    ] = None,
    home: HomeOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Rows in quarantine: file, line, reason and raw text."""
    with answering(as_json, quiet) as answer:
        from tasks.ingest.quarantine import listing

        answer(listing(home_at(home), reason, store, limit, csv), render.quarantine)


@quarantine.command("replay")
def quarantine_replay(
    reason: Reason = None,
    store: OfStore = None,
    feed: Annotated[
        str | None, typer.Option(help="Read their lines in the landed files again, with this entry of [feeds]")
    ] = None,
    columns: Columns = None,
    constants: Constants = None,
    fix_with: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV of corrected rows, as `list --csv` writes it; only these are replayed"),
    ] = None,
    home: HomeOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check rows in quarantine against today's rules again, and merge those that are right now.

    With --feed, --map or --set their lines in the landed files are read again; with --fix-with their values come from a
    CSV. Values in the sales table are never overwritten. Rows of a refused store go in once few enough of them are bad.
    """
    with answering(as_json, quiet) as answer:
        mapped, fixed = pairs("--map", columns), pairs("--set", constants)
        load().feed(feed, mapped, fixed)
        path = str(fix_with.absolute()) if fix_with else None

        result = flows("ingest").replay_quarantine(home, reason, store, feed, mapped, fixed, path)
        answer(result, render.replay)


@app.command()
def tidy(home: HomeOption = None, as_json: Json = False, quiet: Quiet = False) -> None:
    """Join small files of the tables, and remove those that no version needs any more.

    Sales stay readable as they were for `tidy.keep_days` of the settings, and for ever where a release names them.
    """
    with answering(as_json, quiet) as answer:
        load()

        answer(flows("tidy").tidy(home=home), render.tidy)


@app.command()
def sample(
    path: Annotated[
        Path | None,
        typer.Argument(help="File to write: .csv, .csv.gz or .parquet [default: one in the landing folder]"),
    ] = None,
    kind: Annotated[str, typer.Option("--format", help="csv, csv.gz or parquet, if no path is given")] = "csv.gz",
    stores: Annotated[int, typer.Option(help="Number of stores; their codes are 1, 2, ...")] = 5,
    items: Annotated[int, typer.Option(help="Number of items that each store sells")] = 4,
    days: Annotated[int, typer.Option(help="Number of consecutive days")] = 1096,
    first_day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day of the first sales")] = datetime(
        2022, 1, 1
    ),
    seed: Annotated[int, typer.Option(help="The same seed gives the same rows")] = 0,
    zero_heavy: Annotated[float, typer.Option(help="Share of items that sell on few days only")] = 0.0,
    promotions: Annotated[float, typer.Option(help="Share of weeks in which a series is on promotion")] = 0.0,
    closed_weekday: Annotated[int | None, typer.Option(help="Weekday without rows; 0 is Monday")] = None,
    shift_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day from which all levels are shifted")
    ] = None,
    shift_by: Annotated[float, typer.Option(help="Factor by which the levels are shifted")] = 1.5,
    noise_floor: Annotated[bool, typer.Option("--noise-floor", help="Also print the lowest MAPE possible")] = False,
    home: HomeOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write synthetic sales whose truth is known: level x weekday x month x growth, Poisson noise."""
    with answering(as_json, quiet) as answer:
        from flows.settings import explained
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
        answer(write(target, chain, load().days.holdout if noise_floor else None), render.sample)


@app.command()
def serve(home: HomeOption = None, quiet: Quiet = False) -> None:
    """Serve all of deployments/prefect.yaml from this machine, with a local Prefect server if none is set."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING" if quiet else "INFO")
    with answering(as_json=False, quiet=quiet):
        os.environ["SHELFCAST_HOME"] = str(home_at(home).root)
        flows("serve").serve()


def _all_held(result: dict[str, Any]) -> bool:
    return bool(result["stores"]) and all(each["state"] == "held" for each in result["stores"])


def main() -> None:
    """The console script."""
    app()
