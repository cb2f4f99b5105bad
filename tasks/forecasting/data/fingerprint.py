"""The fingerprint of a panel: which rows were learned from and measured on, as one hash."""

import struct
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from tasks.forecasting.data.panel import Panel


@dataclass(frozen=True)
class DataFingerprint:
    """The rows of a panel.

    Attributes:
        rows_used: Number of rows.
        rows_sha256: Hash of them in hexadecimal digits, see `fingerprint`.
    """

    rows_used: int
    rows_sha256: str


def fingerprint(panel: Panel) -> DataFingerprint:
    """Count and hash the rows that a panel has, whatever files, order or table version they came from.

    The hash is SHA-256 over all series with rows, sorted by store and then by item as UTF-8. A series is hashed as
    three unsigned 32-bit numbers (bytes of the store's code, bytes of the item's code, number `n` of rows), both codes,
    its days since 1970-01-01 as `n` signed 32-bit numbers in ascending order, and its sales as `n` 32-bit floats, which
    is how they are learned from. All numbers are little-endian.
    """
    digest, rows = sha256(), 0
    codes = [(store.encode(), item.encode()) for store, item in zip(panel.stores, panel.items, strict=True)]
    days = panel.dates.astype("datetime64[D]").astype("<i4")
    for (store, item), sales in sorted(zip(codes, panel.sales, strict=True), key=lambda series: series[0]):
        known = np.isfinite(sales)
        if count := int(known.sum()):
            digest.update(struct.pack("<3I", len(store), len(item), count) + store + item)
            digest.update(days[known].tobytes())
            digest.update(sales[known].astype("<f4").tobytes())
            rows += count
    return DataFingerprint(rows, digest.hexdigest())
