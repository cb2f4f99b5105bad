"""What kinds of store devices can carry, and why one cannot have a variant."""

import math
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tasks.forecasting.rollout.costs import DIGITS


class DeviceClass(BaseModel):
    """What a kind of store device can carry, and the link that it gets its updates over."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    flash_kb: float = Field(gt=0, le=1e9, description="room for the model file, in KB of 1,024 bytes")
    ram_kb: float = Field(gt=0, le=1e9, description="room for the loaded file, its state and activations, in KB")
    latency_us: float = Field(gt=0, le=1e9, description="time one forecast may take, in us as the retrain measures it")
    link_kbps: float | None = Field(
        None, gt=0, le=1e9, description="speed of its link, in 1,000 bits a second; without it, an update takes no time"
    )
    update_s: float = Field(
        60.0, gt=0, le=604_800, description="time that an update may take over the link, in seconds"
    )


@dataclass(frozen=True)
class VariantFacts:
    """What the choice for a device needs to know of a variant.

    Attributes:
        name: The variant's name.
        passed: Whether the gate passed it.
        file_bytes: Size of the file on disk.
        transfer_bytes: Size of the file compressed, as it is sent.
        ram_bytes: Memory of the loaded file, its state and activations.
        latency_us: Time of one forecast; `None` where there is no figure.
        validation_mape: MAPE in percent on the validation days. Defaults to `None`, where it is not known.
    """

    name: str
    passed: bool
    file_bytes: int
    transfer_bytes: int
    ram_bytes: int
    latency_us: float | None
    validation_mape: float | None = None

    @property
    def mape(self) -> float | None:
        """The validation MAPE to the decimals that count; `None` where it is not known."""
        value = self.validation_mape
        return round(value, DIGITS) if value is not None and math.isfinite(value) else None


@dataclass(frozen=True)
class Misfit:
    """Why a device class cannot have a variant.

    Attributes:
        resource: What the device has too little of; `no latency` where the variant has no figure for it.
        needed: What the variant needs, in KB, us or seconds; NaN where there is no figure.
        allowed: What the device allows, in the same unit.
        link_kbps: Speed of the device's link, where the link is too slow. Defaults to `None`.
    """

    resource: Literal["flash", "RAM", "latency", "no latency", "link"]
    needed: float
    allowed: float
    link_kbps: float | None = None


def misfit(variant: VariantFacts, device: DeviceClass) -> Misfit | None:
    """Why a device class cannot have a variant; `None` where it can."""
    flash, ram, latency = variant.file_bytes / 1024, variant.ram_bytes / 1024, variant.latency_us
    if not flash <= device.flash_kb:
        return Misfit("flash", flash, device.flash_kb)
    if not ram <= device.ram_kb:
        return Misfit("RAM", ram, device.ram_kb)
    if latency is None or math.isnan(latency):
        return Misfit("no latency", math.nan, device.latency_us)
    if not latency <= device.latency_us:
        return Misfit("latency", latency, device.latency_us)
    return _too_slow_a_link(variant, device)


def _too_slow_a_link(variant: VariantFacts, device: DeviceClass) -> Misfit | None:
    if device.link_kbps is None:
        return None
    seconds = variant.transfer_bytes * 8 / 1000 / device.link_kbps
    return None if seconds <= device.update_s else Misfit("link", seconds, device.update_s, device.link_kbps)
