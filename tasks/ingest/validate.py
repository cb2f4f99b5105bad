"""Step: check a batch against the data contract, and show what was found in the Data Docs."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from prefect import task

from tasks.ingest import data_docs
from tasks.ingest.batch import Batch
from tasks.ingest.contract import suite, wording
from tasks.ingest.contract.expectations import Contract
from tasks.ingest.contract.findings import Breach, Findings
from tasks.state.alerts import Alert, Kind
from tasks.state.home import Home


@task
def validate(batch: Batch, contract: Contract, home: Home) -> Findings:
    """What the contract says of a batch. There is nothing to say if the batch has no new file."""
    if batch.fault:
        return Findings((Breach("critical", batch.fault),))
    if batch.staged is None:
        return Findings()
    profile = batch.staged.profile
    outcomes = suite.check(profile, contract)
    findings = Findings(wording.breaches(outcomes, profile), batch.bad_rows(data_docs.SHOWN_ROWS))
    return replace(findings, docs=data_docs.write(home, batch, profile, outcomes, findings, datetime.now(UTC)))


def alerts(batch: str, findings: Findings) -> list[Alert]:
    """Alerts about a batch or stores that were refused, and about what is suspicious in a batch that was not."""
    link = findings.docs.as_uri() if findings.docs else None
    subject = f"batch.{batch}"

    def alert(kind: Kind, severity: Literal["critical", "warning"], message: str, name: str) -> Alert:
        return Alert(f"{kind}-{name}{batch}", kind, severity, subject, "open", message, link)

    if why := findings.refusal:
        return [alert("data-refused", "critical", f"no sales were taken: {why}", "")]
    return [
        alert("store-refused", "critical", f"{breach.message}; {_REFUSED_ALONE}", "")
        if breach.alone and breach.severity == "critical"
        else alert("data-warning", "warning", f"{breach.message}{_remedy(breach)}", f"{_dashed(breach)}-")
        for breach in findings.breaches
        if breach.severity != "info"
    ]


_REFUSED_ALONE = "all their rows are in quarantine, the other stores' rows were ingested"


def _dashed(breach: Breach) -> str:
    return breach.name.replace("_", "-")


def _remedy(breach: Breach) -> str:
    if breach.name.startswith("similar_"):
        return "; each is kept as its own: if they are one, correct the export"
    return "; see `shelfcast quarantine list`" if breach.name.startswith("bad_rows") else ""
