"""Which stores a rollback is about."""

from tasks.forecasting.rollout.waves import StoreList, UnknownStore, require_known
from tasks.state import sales_table
from tasks.state.home import Home


def stores(home: Home, listed: StoreList, store: str | None, region: str | None) -> list[str]:
    """One store, the stores of a region, or all if neither is named.

    Raises:
        UnknownStore: If the store has no sales, or the region no store.
    """
    known = sales_table.stores(home)
    if store is not None:
        require_known([store], known, "the command line")
        return [store]
    if region is None:
        return known
    chosen = [name for name in known if (found := listed.store(name)) and found.region == region]
    if not chosen:
        regions = sorted({each.region for each in listed.stores.values()})
        raise UnknownStore(f"no store is in region {region!r}; stores.toml has {', '.join(regions)}")
    return chosen
