"""JSON schemas of a release's manifest, a store's assignment and every command's `--json`, by name."""

import json
from importlib import import_module

from flows.cli.console import UsageError
from tasks.state.record import Document

MODELS = {
    "ingest": "tasks.ingest.result:IngestResult",
    "quarantine-list": "tasks.ingest.quarantine:QuarantineList",
    "quarantine-replay": "tasks.ingest.replay:ReplayResult",
    "manifest": "tasks.state.manifest:Manifest",
    "retrain": "tasks.retrain.outcome:RetrainResult",
    "judge": "flows.cli.results:JudgeResult",
    "backtest": "tasks.report.backtest_result:BacktestResult",
    "promote": "tasks.promote.result:PromotionResult",
    "rollback": "tasks.promote.result:RollbackResult",
    "override": "tasks.promote.override:OverrideResult",
    "assignment": "tasks.state.assignment:StoreAssignment",
    "monitor": "tasks.monitor.result:MonitorResult",
    "status": "flows.cli.results:StatusResult",
    "releases": "flows.cli.results:ReleasesResult",
    "verify": "tasks.verify.result:VerifyResult",
    "tidy": "tasks.tidy:TidyResult",
    "report": "flows.cli.results:ReportResult",
    "sample": "tasks.ingest.sample:SampleResult",
    "error": "flows.cli.results:ErrorResult",
}
"""Module and class of each document; a module is imported only when its schema is asked for."""


def model(name: str) -> type[Document]:
    """The class of a document.

    Raises:
        UsageError: If there is no document of that name.
    """
    if name not in MODELS:
        raise UsageError(f"NAME must be one of: {', '.join(MODELS)}. Received: {name}")
    module, _, of = MODELS[name].partition(":")
    found: type[Document] = getattr(import_module(module), of)
    return found


def schema(name: str) -> str:
    """The JSON schema of a document as it is written, as indented JSON."""
    return json.dumps(model(name).model_json_schema(mode="serialization"), indent=2)
