"""Step: hold a batch against the data contract, and say so in the Data Docs."""

from datetime import UTC, datetime

from prefect import task

from tasks import contract, data_docs
from tasks.batch import Batch
from tasks.contract import Breach, Contract, Findings
from tasks.home import Home


@task
def validate(batch: Batch, limits: Contract, home: Home) -> Findings:
    """The expectations of the contract that a batch does not meet; none if nothing new arrived."""
    if batch.fault:
        return Findings((Breach("critical", batch.fault),))
    if batch.profile is None:
        return Findings()
    breaches, result = contract.check(batch.profile, limits)
    return Findings(breaches, data_docs.write(home, batch, result, breaches, datetime.now(UTC)))
