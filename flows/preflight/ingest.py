"""What `ingest` and `quarantine replay` are asked for, checked; without Prefect, so that a mistake shows at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from flows.preflight.request import Request
from flows.settings import home_at, load
from tasks.ingest.reading.feed import Feed
from tasks.ingest.reading.source import Source
from tasks.ingest.reading.sources import require_usable

Pairs = dict[str, str] | None


@dataclass(frozen=True)
class IngestRequest(Request):
    """Files to ingest.

    Attributes:
        sources: Files, folders, patterns and URLs, with their secrets.
        feed: How the files are written.
    """

    sources: tuple[str, ...]
    feed: Feed


def ingest_request(
    home: str | None, sources: Sequence[Source] | None, feed: str | None, columns: Pairs, constants: Pairs
) -> IngestRequest:
    """The ingest that is asked for, if it can be.

    The arguments are those of the flow.

    Raises:
        SettingsError: If the settings cannot be used, there is no such feed, or the columns do not go together.
        SourceError: If a source cannot be used.
    """
    settings, place = load(), home_at(home)
    described = settings.feed(feed, columns, constants)
    given = tuple(settings.source(each.root) for each in sources or [Source(str(place.landing))])
    require_usable(list(given))
    return IngestRequest(place, settings, given, described)


@dataclass(frozen=True)
class QuarantineRequest(Request):
    """Rows in quarantine to replay.

    Attributes:
        feed: How their lines in the landed files are read again; `None` if they are not.
    """

    feed: Feed | None


def quarantine_request(home: str | None, feed: str | None, columns: Pairs, constants: Pairs) -> QuarantineRequest:
    """The replay that is asked for, if it can be.

    The arguments are those of the flow.

    Raises:
        SettingsError: If the settings cannot be used, there is no such feed, or the columns do not go together.
    """
    settings, place = load(), home_at(home)
    other = settings.feed(feed, columns, constants) if feed or columns or constants else None
    return QuarantineRequest(place, settings, other)
