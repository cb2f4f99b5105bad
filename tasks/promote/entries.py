"""What the ledger keeps of promotions and rollbacks."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from tasks.promote.result import Delivery
from tasks.state.ledger import Champion, Entry
from tasks.state.record import Record


class PromotionDetails(Record):
    """The details of a promotion: the wave that it was part of."""

    wave: str


class RollbackDetails(Record):
    """The details of a rollback: the champion that it took away, as `from`."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    taken: Champion = Field(alias="from")


def promotion(delivery: Delivery, wave: str) -> Entry:
    """The ledger's row of a store that was promoted."""
    return _entry("promotion", delivery, PromotionDetails(wave=wave))


def rollback(delivery: Delivery, taken: Champion) -> Entry:
    """The ledger's row of a store that was rolled back."""
    return _entry("rollback", delivery, RollbackDetails(taken=taken))


def taken(entry: Entry) -> Champion:
    """The champion that a rollback took away."""
    return RollbackDetails.model_validate(entry.details).taken


def _entry(kind: Literal["promotion", "rollback"], delivery: Delivery, details: Record) -> Entry:
    kept: dict[str, Any] = details.model_dump(mode="json")
    return Entry(kind, delivery.store, delivery.reason, delivery.release, delivery.variant, kept)
