"""What `promote` and `rollback` are asked for, checked; without Prefect, so that a mistake shows at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from flows.preflight.request import Request, RequestError, named_by
from flows.settings import home_at, load, stores_listed
from tasks.forecasting.data.codes import normal
from tasks.forecasting.data.days import natural
from tasks.forecasting.rollout.waves import StoreList, require_known
from tasks.state import sales_table
from tasks.state.home import Home
from tasks.state.ledger import Ledger
from tasks.state.release import Release
from tasks.state.releases import find


@dataclass(frozen=True)
class PromoteRequest(Request):
    """A release to promote.

    Attributes:
        release: The release.
        stores: All stores with sales.
        listed: The list of stores.
        chosen: Stores that get the release instead of the next wave; `None` for the next wave.
    """

    release: Release
    stores: tuple[str, ...]
    listed: StoreList
    chosen: tuple[str, ...] | None


def promote_request(home: str | None, release: str | None, stores: Sequence[str] | None) -> PromoteRequest:
    """The promotion that is asked for, if it can be.

    The arguments are those of the flow.

    Raises:
        RequestError: If the list of stores, a freeze or `stores` names a store without sales.
        NoSuchRelease: If there is no such release.
        SettingsError: If the settings or the list of stores cannot be used.
    """
    settings, place = load(), home_at(home)
    found, listed = find(place, release), stores_listed()
    known = tuple(sales_table.stores(place))
    with named_by("stores.toml"):
        require_known(listed.stores, known)
    with named_by("[[rollout.freeze]] of the settings"):
        require_known(settings.rollout.frozen_stores, known)
    chosen = tuple(map(normal, stores)) if stores else None
    with named_by(parameter="stores"):
        require_known(chosen or (), known)
    return PromoteRequest(place, settings, found, known, listed, chosen)


@dataclass(frozen=True)
class RollbackRequest:
    """Stores to roll back.

    Attributes:
        home: The home with the stores' ledger.
        stores: Codes of the stores.
    """

    home: Home
    stores: tuple[str, ...]


def rollback_request(home: str | None, store: str | None, region: str | None) -> RollbackRequest:
    """One store, the stores of a region, or all stores that run a model if neither is named.

    The ledger says which there are: a rollback needs no sales.

    Raises:
        RequestError: If the store has no sales, or no store is in the region.
        SettingsError: If the list of stores cannot be used.
    """
    place, listed = home_at(home), stores_listed()
    running = Ledger.of(place).running()
    if store is not None and store not in running:
        store = normal(store)
        with named_by(parameter="store"):
            require_known([store], sales_table.stores(place))
    if store is not None:
        return RollbackRequest(place, (store,))
    known = tuple(natural(running)) or tuple(sales_table.stores(place))
    return RollbackRequest(place, _of_region(listed, known, region) if region is not None else known)


def _of_region(listed: StoreList, known: Sequence[str], region: str) -> tuple[str, ...]:
    chosen = tuple(name for name in known if (store := listed.store(name)) and store.region == region)
    if not chosen:
        regions = sorted({each.region for each in listed.stores.values()})
        raise RequestError(f"no store is in region {region!r}; stores.toml has {', '.join(regions)}")
    return chosen
