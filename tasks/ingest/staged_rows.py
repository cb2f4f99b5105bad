"""A batch's accepted rows between staging and merge: keys and sales on disk, month by month, each key once."""

import json
from pathlib import Path
from typing import IO, Self

import numpy as np

from tasks.state.row_keys import Ints, Keys, Month, order_of, store_of

_PAIR = np.dtype([("key", "<i8"), ("sales", "<i8")])


class Accepted:
    """Accepted rows in a folder. They are added month by month, and read by month after the folder is closed."""

    def __init__(self, folder: Path, keys: Keys) -> None:
        self.keys = keys
        self.rows: dict[Month, int] = {}
        self._folder = folder
        self._starts: dict[Month, int] = {}
        self._file: IO[bytes] | None = None

    @classmethod
    def at(cls, folder: Path) -> Self:
        """The rows that were written to a folder."""
        index = json.loads((folder / "accepted.json").read_text())
        keys = Keys()
        keys.stores.of(index["stores"])
        keys.items.of(index["items"])
        accepted = cls(folder, keys)
        for month, rows in index["rows"]:
            accepted._starts[month] = sum(accepted.rows.values())
            accepted.rows[month] = rows
        return accepted

    def __enter__(self) -> Self:
        self._file = self._path.open("wb")
        return self

    def __exit__(self, error: object, *_: object) -> None:
        assert self._file
        self._file.close()
        if error:
            return
        index = {"stores": self.keys.stores.names, "items": self.keys.items.names, "rows": list(self.rows.items())}
        (self._folder / "accepted.json").write_text(json.dumps(index))

    def add(self, month: Month, keys: Ints, sales: Ints) -> None:
        """Add rows of some stores in a month; months come in order, and each key once."""
        assert self._file
        pairs = np.empty(len(keys), _PAIR)
        pairs["key"], pairs["sales"] = keys, sales
        self._file.write(pairs.data)  # `tofile` does not say when a disk is full
        self.rows[month] = self.rows.get(month, 0) + len(keys)

    def read_month(self, month: Month, part: int = 0, parts: int = 1) -> tuple[Ints, Ints]:
        """Ascending keys and sales of a month; with several parts, of stores whose number modulo `parts` is `part`."""
        # not memory-mapped: pages of a map that were read stay resident
        pairs = np.fromfile(self._path, _PAIR, self.rows[month], offset=self._starts[month] * _PAIR.itemsize)
        if parts > 1:
            pairs = pairs[store_of(pairs["key"]) % parts == part]
        order = order_of(pairs["key"])
        if order is not None:
            pairs = pairs[order]
        return np.ascontiguousarray(pairs["key"]), np.ascontiguousarray(pairs["sales"])

    @property
    def _path(self) -> Path:
        return self._folder / "accepted.rows"
