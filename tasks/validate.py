"""Step: hold a batch against the data contract."""

from pathlib import Path

from prefect import task

from tasks import contract
from tasks.contract import Breach, Contract


@task
def validate(batch: Path, limits: Contract, fault: str | None = None) -> list[Breach]:
    """The expectations of the contract that a batch does not meet; none if nothing new arrived.

    Args:
        batch: Parquet of its rows as read.
        limits: The contract.
        fault: Why it could not be read at all, which is critical. Defaults to `None`.
    """
    if fault:
        return [Breach("critical", fault)]
    return contract.check(batch, limits) if batch.exists() else []
