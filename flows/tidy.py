"""Tables as nights leave them -> tables as they should be, without what nothing needs any more."""

from datetime import UTC, datetime, timedelta

from flows.runtime.watched import watched
from flows.settings import home_at, load
from tasks.ingest import staging
from tasks.ingest.data_docs import forget_pages
from tasks.tidy import Removed, TidyResult, forget_scores, forget_work, tidy_tables


@watched
def tidy(home: str | None = None) -> TidyResult:
    """Remove what is old, join small files of the tables, and delete files that no kept version references.

    Args:
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, or else `data/`.

    Returns:
        The JSON of `shelfcast tidy`.
    """
    place, settings, now = home_at(home), load(), datetime.now(UTC)
    asked, scored = settings.tidy, max(settings.tidy.scores_days, settings.drift.days)
    removed = Removed(
        pages=forget_pages(place, now - timedelta(asked.docs_days)),
        scores=forget_scores(place, (now - timedelta(scored)).date()),
        work=forget_work(place, now - timedelta(asked.work_days)),
        staging=len(staging.clear()),
    )
    return tidy_tables(place, asked).model_copy(update={"removed": removed})
