"""The steps of an ingest in the flow's order, without Prefect and, as it takes 10 s to import, without the suite."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.ingest.batch import Batch
from tasks.ingest.contract.expectations import Contract
from tasks.ingest.contract.findings import Breach, Findings
from tasks.ingest.ingest import merge_batch, read_batch, refuse_batch
from tasks.ingest.reading.feed import Feed
from tasks.ingest.result import IngestResult
from tasks.ingest.stage import Intake
from tasks.state.home import Home

CONTRACT, OURS, AMPLE = Contract(), Feed(), Intake()


def read(
    home: Home,
    staging: Path,
    *sources: object,
    contract: Contract = CONTRACT,
    feed: Feed = OURS,
    size: Intake = AMPLE,
) -> Batch:
    """Read sources into a staging folder, which is made where needed."""
    staging.mkdir(exist_ok=True)
    return read_batch.fn([str(source) for source in sources], home, contract, staging, feed, size)


def merge(home: Home, batch: Batch, refused_stores: tuple[str, ...] = (), size: Intake = AMPLE) -> IngestResult:
    """Merge a batch of which the contract refuses some stores, or none."""
    alone = (Breach("critical", "bad", "bad_rows_of_a_store", refused_stores, alone=True),) if refused_stores else ()
    return merge_batch.fn(batch, Findings(alone), home, size)


def ingest(
    home: Home,
    *sources: object,
    contract: Contract = CONTRACT,
    feed: Feed = OURS,
    size: Intake = AMPLE,
    refused_stores: tuple[str, ...] = (),
) -> IngestResult:
    """Ingest as the flow does; of what the contract says there is only a file that cannot be read."""
    with TemporaryDirectory() as staging:
        batch = read(home, Path(staging), *sources, contract=contract, feed=feed, size=size)
        if batch.fault:
            return refuse_batch.fn(batch, Findings((Breach("critical", batch.fault),)), home)
        return merge(home, batch, refused_stores, size)
