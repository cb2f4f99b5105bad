"""The profile: rows counted by store and reason, shares of faults, and what is compared with last year."""

import numpy as np

from tasks.ingest.contract.codes_seen import CodeFindings
from tasks.ingest.contract.coverage import Coverage
from tasks.ingest.contract.profile import ReasonCounts, profile
from tasks.ingest.contract.row_rules import REASONS, Reason
from tasks.state.row_keys import Keys, pack


def test_rows_are_counted_by_store_and_reason_and_moved() -> None:
    counts = ReasonCounts()
    counts.add(np.array([0, 0, 2, -1]), np.array([Reason.GOOD, 9, Reason.GOOD, 5], np.int8))
    counts.add(np.array([1]), np.array([Reason.GOOD], np.int8))
    counts.move(np.array([0, 2]), REASONS.index("duplicate key with another value"))
    assert counts.reasons.sum() == 5 and counts.reasons[Reason.GOOD] == 1
    assert counts.stores[:, Reason.GOOD].tolist() == [0, 1, 0]
    assert counts.stores.sum(axis=1).tolist() == [2, 1, 1]


def test_shares_of_faults_and_nothing_to_compare_with() -> None:
    counts, keys, day = ReasonCounts(), Keys(), 20_000
    keys.stores.of("A")
    keys.items.of("i")
    counts.add(
        np.array([0, 0, -1, 0]), np.array([Reason.GOOD, REASONS.index("missing sales"), 5, Reason.GOOD], np.int8)
    )
    coverage = Coverage(day, day, [0])
    coverage.see(657, pack(*(np.array([part]) for part in (0, 0, day))), np.array([7]))
    coverage.finish()
    found = profile(counts, coverage, keys, CodeFindings())
    assert (found.batch["rows"], found.batch["bad_share"]) == (4, 0.5)
    assert (found.batch["no_sales_share"], found.batch["no_store_share"], found.batch["range_share"]) == (0.25, 0.25, 0)
    (store,) = found.stores.to_dict("records")
    assert (store["store"], store["rows"], store["bad_rows"], store["gap_days"]) == ("A", 3, 1, 0)
    assert np.isnan(store["rows_ratio"]) and np.isnan(found.batch["mean_ratio"])
