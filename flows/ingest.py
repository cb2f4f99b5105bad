"""Landing files -> validated rows in the sales table, the rest in quarantine."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flows.runtime.watched import watched
from flows.settings import home_at, load
from tasks.ingest.ingest import merge_batch, read_batch, refuse_batch, summary
from tasks.ingest.quarantine import stores_wait
from tasks.ingest.replay import Chosen, replay
from tasks.ingest.validate import alerts, validate
from tasks.notify import publish_batch, tell
from tasks.state.alert_rules import of_batch, of_replay
from tasks.state.ledger import Ledger


@watched
def ingest(
    sources: list[str] | None = None,
    home: str | None = None,
    feed: str | None = None,
    columns: dict[str, str] | None = None,
    constants: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Land, validate and merge sales. A refused batch leaves all tables as they were.

    Args:
        sources: Files, folders, patterns and URLs of CSV (plain, gzip, zstd) or Parquet. Defaults to the home's
            `landing/`.
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
        batch = read_batch(
            sources or [str(place.landing)], place, settings.contract, Path(staging), written, settings.intake
        )
        findings = validate(batch, settings.contract, place)
        if findings.refusal:
            result = refuse_batch(batch, findings, place)
        else:
            result = summary(*merge_batch(batch, place, findings.refused_stores, settings.intake), findings)
        if batch.is_new:
            tell(place, of_batch(Ledger.of(place), alerts(batch.id, findings), feed), settings.alert_urls)
        publish_batch(result)
        return result


@watched
def replay_quarantine(
    home: str | None = None,
    reason: str | None = None,
    store: str | None = None,
    feed: str | None = None,
    columns: dict[str, str] | None = None,
    constants: dict[str, str] | None = None,
    fix_with: str | None = None,
) -> dict[str, Any]:
    """Hold rows in quarantine against today's rules again, and merge those that are right now.

    Args:
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, else `data/`.
        reason: Only rows refused for this reason. Defaults to `None`, all.
        store: Only rows that name this store. Defaults to `None`, all.
        feed: Read their lines in the landed files again, as this feed of the settings says. Defaults to as before.
        columns: The file's column of some of ours, over the feed's `map`. Defaults to none.
        constants: The value of columns that the file does not have, over the feed's `set`. Defaults to none.
        fix_with: A CSV of corrected rows, as `shelfcast quarantine list --csv` writes it; only these are looked at.
            Defaults to none.

    Returns:
        The JSON of `shelfcast quarantine replay`.
    """
    settings, place = load(), home_at(home)
    again = settings.feed(feed, columns, constants) if feed or columns or constants else None
    chosen = Chosen(reason, store, again, Path(fix_with) if fix_with else None)
    with TemporaryDirectory(prefix="shelfcast-") as staging:
        result = replay(place, settings.contract, chosen, Path(staging), settings.intake)
    tell(place, of_replay(Ledger.of(place), stores_wait(place)), settings.alert_urls)
    return result
