"""Landing files -> validated rows in the sales table, the rest in quarantine."""

from functools import partial
from pathlib import Path

from flows.preflight.ingest import ingest_request, quarantine_request
from flows.runtime.watched import watched
from tasks.ingest.announce import publish_batch
from tasks.ingest.ingest import merge_batch, read_batch, refuse_batch
from tasks.ingest.quarantine import stores_wait
from tasks.ingest.reading.source import Source
from tasks.ingest.replay import ReplayRequest, ReplayResult, replay
from tasks.ingest.result import IngestResult
from tasks.ingest.staging import staging_folder
from tasks.ingest.validate import alerts, validate
from tasks.notify import tell
from tasks.state.alert_rules import of_batch, of_replay


@watched
def ingest(
    sources: list[Source] | None = None,
    home: str | None = None,
    feed: str | None = None,
    columns: dict[str, str] | None = None,
    constants: dict[str, str] | None = None,
) -> IngestResult:
    """Land, validate and merge sales. A refused batch leaves all tables as they were.

    Args:
        sources: Names of the settings' `[sources]`; or files, folders, patterns and URLs of CSV (plain, gzip, zstd) or
            Parquet. Defaults to the home's `landing/`.
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, or else `data/`.
        feed: Name of the settings' feed that describes the files. Defaults to our own columns.
        columns: Our column -> the file's name for it, in addition to the feed's `map`. Defaults to none.
        constants: Our column -> its value in every row, in addition to the feed's `set`. Defaults to none.

    Returns:
        The JSON of `shelfcast ingest`.
    """
    asked = ingest_request(home, sources, feed, columns, constants)
    settings, place = asked.settings, asked.home
    with staging_folder() as staging:
        batch = read_batch(list(asked.sources), place, settings.contract, staging, asked.feed, settings.intake)
        findings = validate(batch, settings.contract, place)
        if findings.refusal:
            result = refuse_batch(batch, findings, place)
        else:
            result = merge_batch(batch, findings, place, settings.intake)
        if batch.is_new:
            tell(place, partial(of_batch, raised=alerts(batch.id, findings), feed=feed), settings.alert_urls)
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
) -> ReplayResult:
    """Check rows in quarantine against today's rules again, and merge those that are valid now.

    Args:
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, or else `data/`.
        reason: Only rows that were refused for this reason. Defaults to `None`, all.
        store: Only rows that name this store. Defaults to `None`, all.
        feed: Name of the settings' feed with which to read their lines in the landed files again. Defaults to `None`:
            they are not read again.
        columns: Our column -> the file's name for it, in addition to the feed's `map`. Defaults to none.
        constants: Our column -> its value in every row, in addition to the feed's `set`. Defaults to none.
        fix_with: A CSV file of corrected rows, as `shelfcast quarantine list --csv` writes it; only these rows are
            replayed. Defaults to `None`.

    Returns:
        The JSON of `shelfcast quarantine replay`.
    """
    asked = quarantine_request(home, feed, columns, constants)
    settings, place = asked.settings, asked.home
    request = ReplayRequest(reason, store, asked.feed, Path(fix_with) if fix_with else None)
    with staging_folder() as staging:
        result = replay(place, settings.contract, request, staging, settings.intake)
    tell(place, partial(of_replay, waiting=stores_wait(place)), settings.alert_urls)
    return result
