"""Step: hold a batch against the data contract, and say so in the Data Docs."""

from datetime import UTC, datetime
from typing import Literal

from prefect import task

from tasks.ingest import data_docs
from tasks.ingest.batch import Batch
from tasks.ingest.contract import suite
from tasks.ingest.contract.suite import Breach, Contract, Findings
from tasks.state.alerts import Alert, Kind
from tasks.state.home import Home


@task
def validate(batch: Batch, limits: Contract, home: Home) -> Findings:
    """The expectations of the contract that a batch does not meet; none if nothing new arrived."""
    if batch.fault:
        return Findings((Breach("critical", batch.fault),))
    if batch.profile is None:
        return Findings()
    breaches, result = suite.check(batch.profile, limits)
    return Findings(breaches, data_docs.write(home, batch, result, breaches, datetime.now(UTC)))


def alerts(batch: str, findings: Findings) -> list[Alert]:
    """A batch or stores that did not get in, and what is suspicious of those that did."""
    link = findings.docs.as_uri() if findings.docs else None
    subject = f"batch.{batch}"

    def alert(kind: Kind, severity: Literal["critical", "warning"], message: str, name: str) -> Alert:
        return Alert(f"{kind}-{name}{batch}", kind, severity, subject, "open", message, link)

    if why := findings.refusal:
        return [alert("data-refused", "critical", f"no sales were taken: {why}", "")]
    return [
        alert("store-refused", "critical", f"{each.message}; all their rows wait in quarantine, the others went in", "")
        if each.alone and each.severity == "critical"
        else alert("data-warning", "warning", f"{each.message}{_remedy(each.name)}", f"{each.name.replace('_', '-')}-")
        for each in findings.breaches
        if each.severity != "info"
    ]


def _remedy(name: str) -> str:
    return "; look at `shelfcast quarantine list`" if name.startswith("bad_rows") else ""
