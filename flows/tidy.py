"""Tables as nights leave them -> tables as they should be."""

from flows.runtime.watched import watched
from flows.settings import home_at, load
from tasks.tidy import TidyResult, tidy_tables


@watched
def tidy(home: str | None = None) -> TidyResult:
    """Join small files of the tables, and delete files that no kept version references.

    Args:
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, or else `data/`.

    Returns:
        The JSON of `shelfcast tidy`.
    """
    return tidy_tables(home_at(home), load().tidy)
