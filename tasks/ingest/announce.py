"""Step: tell what became of a batch in a Prefect artifact."""

from pathlib import Path

from prefect import task
from prefect.artifacts import create_markdown_artifact

from tasks.ingest.result import IngestResult
from tasks.state.plain_text import markdown


@task
def publish_batch(result: IngestResult) -> None:
    """Publish an artifact that says what became of a batch, with a link to its page in the Data Docs."""
    verdict = "refused" if result.refused else "ingested"
    create_markdown_artifact(
        _markdown(result, verdict), key=f"batch-{result.batch}", description=f"{result.rows_read:,} rows {verdict}"
    )


def _markdown(result: IngestResult, verdict: str) -> str:
    counts = {
        "rows read": result.rows_read,
        "rows accepted": result.rows_accepted,
        "rows changed": result.rows_changed,
        "rows unchanged": result.rows_unchanged,
        "rows quarantined": result.rows_quarantined,
        **result.reasons,
    }
    table = "\n".join(f"| {name} | {rows:,} |" for name, rows in counts.items())
    messages = [result.why] if result.why else [*result.warnings, *result.records]
    link = [f"[Data Docs]({Path(result.docs).as_uri()})"] if result.docs else []
    texts = [*map(markdown, messages), *link]
    return f"# Batch {result.batch}: {verdict}\n\n| | |\n|---|---|\n{table}\n\n" + "\n\n".join(texts)
