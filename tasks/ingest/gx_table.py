"""Great Expectations' table of results, with what each expectation means and how severe it is; it is found by name."""

import html
from collections.abc import Callable
from typing import Any

from great_expectations.render.renderer.content_block import ValidationResultsTableContentBlockRenderer


class MeaningfulTable(ValidationResultsTableContentBlockRenderer):
    """Two more columns: meaning, with every store that does not meet it, and severity."""

    @classmethod
    def _get_content_block_fn(cls, *arguments: Any, **options: Any) -> Callable[..., Any]:
        rendered = super()._get_content_block_fn(*arguments, **options)

        def rows(result: Any = None, **more: Any) -> list[Any]:
            config = result.expectation_config
            severity = str(getattr(config.severity, "value", config.severity))
            return [[*cells, _meaning(result), severity] for cells in rendered(result=result, **more)]

        return rows

    @classmethod
    def _process_content_block(cls, content_block: Any, *arguments: Any, **options: Any) -> None:
        super()._process_content_block(content_block, *arguments, **options)
        content_block.header_row = [*content_block.header_row, "Meaning", "Severity"]


def _meaning(result: Any) -> str:
    stores = [str(each["store"]) for each in (result.result or {}).get("unexpected_index_list") or []]
    text = html.escape(result.expectation_config.meta["says"])
    if not stores or result.expectation_config.kwargs["column"].startswith("batch_"):
        return text
    return f"{text}<details><summary>{len(stores)} stores do not</summary>{', '.join(stores)}</details>"
