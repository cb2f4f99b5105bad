"""What `ingest` and `quarantine replay` are asked for, checked; without Prefect, so that a mistake shows at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from flows.settings import Settings, home_at, load
from tasks.ingest.reading.feed import Feed
from tasks.ingest.reading.sources import require_usable
from tasks.state.home import Home

Pairs = dict[str, str] | None


@dataclass(frozen=True)
class IngestRequest:
    """Files to ingest.

    Attributes:
        home: The home that takes their sales in.
        settings: The settings.
        sources: Files, folders, patterns and URLs.
        feed: How the files are written.
    """

    home: Home
    settings: Settings
    sources: tuple[str, ...]
    feed: Feed


def ingest_request(
    home: str | None, sources: Sequence[str] | None, feed: str | None, columns: Pairs, constants: Pairs
) -> IngestRequest:
    """The ingest that is asked for, if it can be.

    Args:
        home: Folder of all state; `None` for the default.
        sources: Files, folders, patterns and URLs; `None` for the home's landing folder.
        feed: Name of the settings' feed that describes the files; `None` for our own columns.
        columns: Our column -> the file's name for it, in addition to the feed's `map`.
        constants: Our column -> its value in every row, in addition to the feed's `set`.

    Raises:
        SettingsError: If the settings cannot be used, there is no such feed, or the columns do not go together.
        SourceError: If a source cannot be used.
    """
    settings, place = load(), home_at(home)
    described = settings.feed(feed, columns, constants)
    given = tuple(sources or [str(place.landing)])
    require_usable(list(given))
    return IngestRequest(place, settings, given, described)


@dataclass(frozen=True)
class QuarantineRequest:
    """Rows in quarantine to replay.

    Attributes:
        home: The home with the quarantine.
        settings: The settings.
        feed: How their lines in the landed files are read again; `None` if they are not.
    """

    home: Home
    settings: Settings
    feed: Feed | None


def quarantine_request(home: str | None, feed: str | None, columns: Pairs, constants: Pairs) -> QuarantineRequest:
    """The replay that is asked for, if it can be.

    Args:
        home: Folder of all state; `None` for the default.
        feed: Name of the settings' feed with which the lines are read again; `None` if they are not.
        columns: Our column -> the file's name for it, in addition to the feed's `map`.
        constants: Our column -> its value in every row, in addition to the feed's `set`.

    Raises:
        SettingsError: If the settings cannot be used, there is no such feed, or the columns do not go together.
    """
    settings, place = load(), home_at(home)
    other = settings.feed(feed, columns, constants) if feed or columns or constants else None
    return QuarantineRequest(place, settings, other)
