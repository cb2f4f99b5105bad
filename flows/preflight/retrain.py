"""What `retrain` is asked for, checked; without starting Prefect, so that a mistake shows at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from flows.preflight.request import Request
from flows.runtime.cluster import require_usable
from flows.settings import home_at, load, stores_listed
from tasks.forecasting.model.spec import TrainingSpec
from tasks.forecasting.rollout.devices import DeviceClass
from tasks.state import snapshot


@dataclass(frozen=True)
class RetrainRequest(Request):
    """What to train.

    Attributes:
        spec: What is trained, and how.
        devices: The device classes of the installation.
    """

    spec: TrainingSpec
    devices: Mapping[str, DeviceClass]


def retrain_request(home: str | None, profile: str, recipe: str | None) -> RetrainRequest:
    """The retrain that is asked for, if it can be.

    The arguments are those of the flow.

    Raises:
        SettingsError: If the settings, the list of stores or the machines that build variants cannot be used, or there
            is no such profile or recipe.
        NoSales: If nothing was ingested yet.
        UnknownStores: If an excluded period names a store without sales.
    """
    settings, place = load(), home_at(home)
    spec, devices = settings.training_spec(profile, recipe), stores_listed().devices
    snapshot.latest_for(place, spec.history)
    require_usable(settings.workers, place)
    return RetrainRequest(place, settings, spec, devices)
