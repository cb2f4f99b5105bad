"""What the ledger keeps of promotions and rollbacks."""

from tasks.promote import entries
from tasks.promote.result import gets
from tasks.state.ledger import Champion

OLD, NEW = Champion("r1", "lstm-16"), Champion("r2", "lstm-8")


def test_a_promotion_is_kept_with_its_wave() -> None:
    entry = entries.promotion(gets("1", NEW, OLD, "promoted", "cheapest"), "canary")
    assert (entry.kind, entry.subject, entry.release, entry.variant) == ("promotion", "1", "r2", "lstm-8")
    assert (entry.why, entry.details) == ("cheapest", {"wave": "canary"})


def test_a_rollback_is_kept_with_what_it_took_away() -> None:
    entry = entries.rollback(gets("1", OLD, NEW, "rolled back", "by hand"), NEW)
    assert entry.details == {"from": {"release": "r2", "variant": "lstm-8"}}
    assert entries.taken(entry) == NEW
