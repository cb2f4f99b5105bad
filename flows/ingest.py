"""Landing files -> validated rows in the sales table, the rest in quarantine."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prefect import flow

from flows.failure import run_failed
from flows.settings import home_at, load
from tasks import alert
from tasks.contract import worst
from tasks.ingest import merge_batch, read_batch, refused, summary
from tasks.notify import send
from tasks.replay import replay
from tasks.validate import validate


@flow(on_failure=[run_failed], on_crashed=[run_failed])
def ingest(
    sources: list[str] | None = None,
    home: str | None = None,
    feed: str | None = None,
    columns: dict[str, str] | None = None,
    constants: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Land, validate and merge sales. A refused batch leaves the home as it was.

    Args:
        sources: Files, folders and patterns of CSV (plain, gzip, zstd) or Parquet. Defaults to the home's `landing/`.
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, else `data/`.
        feed: How they are written, by its name in the settings. Defaults to our own columns.
        columns: The file's column of some of ours, over the feed's `map`. Defaults to none.
        constants: The value of columns that the file does not have, over the feed's `set`. Defaults to none.

    Returns:
        The JSON of `shelfcast ingest`.
    """
    settings, place = load(), home_at(home)
    written = settings.feed(feed, columns, constants)
    with TemporaryDirectory(prefix="shelfcast-") as staging:
        batch = read_batch(sources or [str(place.landing)], place, settings.contract, Path(staging), written)
        breaches = validate(batch.checked, settings.contract, batch.fault)
        send([alert.about_data(batch.id, breach) for breach in breaches], settings.alert_urls)
        if why := worst(breaches):
            return refused(batch, why, place)
        return summary(batch, merge_batch(batch, place), breaches)


@flow(on_failure=[run_failed], on_crashed=[run_failed])
def replay_quarantine(home: str | None = None, reason: str | None = None) -> dict[str, Any]:
    """Hold rows in quarantine against today's rules again, and merge those that are right now.

    Args:
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, else `data/`.
        reason: Only rows refused for this reason. Defaults to `None`, all.

    Returns:
        The JSON of `shelfcast quarantine replay`.
    """
    with TemporaryDirectory(prefix="shelfcast-") as staging:
        return replay(home_at(home), load().contract, reason, Path(staging))
