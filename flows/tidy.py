"""Tables as nights leave them -> tables as they should be."""

from typing import Any

from prefect import flow

from flows.runtime.on_failure import run_failed
from flows.settings import home_at, load
from tasks.tidy import tidy_tables


@flow(on_failure=[run_failed], on_crashed=[run_failed])
def tidy(home: str | None = None) -> dict[str, Any]:
    """Join small files of the tables, and remove those that no version needs any more.

    Args:
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, else `data/`.

    Returns:
        The JSON of `shelfcast tidy`.
    """
    return tidy_tables(home_at(home), load().tidy)
