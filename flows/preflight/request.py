"""A request: what a flow is asked for; and what is wrong with one, said alike for the command line and deployments."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flows.settings import Settings
from tasks.forecasting.rollout.waves import UnknownStores
from tasks.state.home import Home


@dataclass(frozen=True)
class Request:
    """What a flow is asked for: the home that it works on, and the settings that hold."""

    home: Home
    settings: Settings


class RequestError(ValueError):
    """A flow that was asked for what it cannot do.

    Args:
        rule: What holds for the parameter, what was received, and what to do; it follows the parameter's name.
        parameter: The flow's parameter. Defaults to `None`: then the rule is a sentence of its own.
    """

    def __init__(self, rule: str, parameter: str | None = None) -> None:
        super().__init__(f"{parameter} {rule}" if parameter else rule)
        self.rule, self.parameter = rule, parameter

    def as_option(self) -> str:
        """The same for people who type commands: the parameter is an option there."""
        return f"--{self.parameter.replace('_', '-')} {self.rule}" if self.parameter else self.rule


@contextmanager
def named_by(place: str = "", parameter: str | None = None) -> Iterator[None]:
    """Say where unknown stores were named: in a file, or by a parameter.

    Raises:
        RequestError: If there are unknown stores.
    """
    try:
        yield
    except UnknownStores as error:
        raise RequestError(f"{place} {error.rule}".strip(), parameter) from None
