"""Data Docs: Great Expectations' page of each batch, and an index of all; one folder of HTML that needs no network.

Pages are Great Expectations' own renderings in templates of ours: its stock pages fetch styles and scripts from half a
dozen hosts, and its site builder renders all earlier pages again each night.
"""

import copy
import html
import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tasks.ingest.batch import Batch
from tasks.ingest.contract.suite import SEVERITIES, Breach
from tasks.state.atomic import write_file
from tasks.state.home import Home

TEMPLATES = Path(__file__).parent / "docs_templates"
SHOWN_GAPS, SHOWN_FILES = 1000, 5


def write(home: Home, batch: Batch, result: Any, breaches: Sequence[Breach], at: datetime) -> Path:
    """Write a batch's page and the index anew; the page.

    Args:
        home: Whose `docs/`.
        batch: What was validated.
        result: What Great Expectations found.
        breaches: What that amounts to.
        at: When, UTC.
    """
    refused = any(each.severity == "critical" and not each.alone for each in breaches)
    verdict = "refused" if refused else _verdict(breaches)
    page = home.docs / f"{batch.id}.html"
    write_file(page, _page(batch, result, breaches, at, verdict).encode())
    met, of = result.statistics["successful_expectations"], result.statistics["evaluated_expectations"]
    record = {
        "batch": batch.id,
        "files": _files(batch),
        "at": f"{at:%Y-%m-%d %H:%M:%S}",
        "rows": sum(file.rows for file in batch.files),
        "met": met,
        "of": of,
        "refused": refused,
        "verdict": verdict,
    }
    batches = [each for each in _records(home) if each["batch"] != batch.id] + [record]
    write_file(home.docs / "batches.jsonl", "".join(json.dumps(each) + "\n" for each in batches).encode())
    index = _environment().get_template("index.j2").render(title="Batches of sales", batches=batches[::-1])
    write_file(home.docs / "index.html", index.encode())
    return page


def _verdict(breaches: Sequence[Breach]) -> str:
    alone = [store for each in breaches if each.alone for store in each.stores]
    counts = {word: sum(each.severity == word and not each.alone for each in breaches) for word in SEVERITIES[1:]}
    parts = [f"{len(alone)} store{'s' * (len(alone) > 1)} refused"] if alone else []
    parts += [f"{count} {word}{'s' * (count > 1 and word == 'warning')}" for word, count in counts.items() if count]
    return "taken in" + (": " + ", ".join(parts) if parts else "")


def _files(batch: Batch) -> str:
    names = [file.name for file in batch.files]
    return ", ".join(names[:SHOWN_FILES]) + (f" and {len(names) - SHOWN_FILES:,} more" if names[SHOWN_FILES:] else "")


def _records(home: Home) -> list[dict[str, Any]]:
    path = home.docs / "batches.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader

    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=False)  # as Great Expectations' own are


def _page(batch: Batch, result: Any, breaches: Sequence[Breach], at: datetime, verdict: str) -> str:
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView
    from jinja2 import ChoiceLoader, FileSystemLoader

    view = DefaultJinjaPageView()
    view.env.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), view.env.loader])
    shown = copy.deepcopy(result)  # rendering alters what it renders
    shown.meta = {
        "great_expectations_version": result.meta.get("great_expectations_version"),
        "run_id": RunIdentifier(run_name=batch.id, run_time=at),
        "batch_spec": {"data_asset_name": "profile"},
    }
    for each in shown.results:
        each.result = _escaped(each.result)
    table = {"class_name": "MeaningfulTable", "module_name": "tasks.ingest.gx_table"}
    renderer = ValidationResultsPageRenderer(
        run_info_at_end=True,
        column_section_renderer={"class_name": "ValidationResultsColumnSectionRenderer", "table_renderer": table},
    )
    rows, bad = sum(file.rows for file in batch.files), sum(file.quarantined for file in batch.files)
    gaps = batch.profile.gaps if batch.profile else pd.DataFrame()
    page = view.render(
        renderer.render(shown),
        title=f"Batch {batch.id}",
        batch=batch.id,
        verdict=f"{_files(batch)}: {rows:,} rows, {bad:,} of them bad; {verdict}.",
        breaches=breaches,
        gaps=gaps.head(SHOWN_GAPS).to_dict("records"),
        gap_series=len(gaps),
    )
    # a link to the page of the suite, which there is none of
    return re.sub(r'<a [^>]*href="\.\./[^"]*expectations/[^"]*"[^>]*>(.*?)</a>', r"\1", page, flags=re.DOTALL)


def _escaped(value: Any) -> Any:
    """Great Expectations' templates put the texts of cells into HTML as they are, and know no numbers of numpy's."""
    if isinstance(value, dict):
        return {key: _escaped(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_escaped(each) for each in value]
    if isinstance(value, np.generic):
        return value.item()
    return html.escape(value) if isinstance(value, str) else value
