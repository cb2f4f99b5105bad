"""An alert: what a person should know, said in one or two sentences."""

from dataclasses import dataclass
from typing import Any, Literal

from tasks.contract import Breach

Kind = Literal["data-refused", "data-warning", "nothing-passed", "run-failed", "drift"]


@dataclass(frozen=True)
class Alert:
    """Something that a person should know.

    Attributes:
        id: The same for the same trouble, so that it is said once.
        kind: What is wrong.
        severity: `critical` stops something, `warning` does not.
        subject: What it is about: `store.3`, `batch.1a2b...`.
        state: `open` or `resolved`.
        message: One or two sentences: what, how much, what to do.
    """

    id: str
    kind: Kind
    severity: Literal["critical", "warning"]
    subject: str
    state: Literal["open", "resolved"]
    message: str


def about_data(batch: str, breach: Breach) -> Alert:
    """A batch that did not get in, or one that did and is suspicious."""
    if breach.severity == "critical":
        message = f"no sales were taken: {breach.message}"
        return Alert(f"data-refused-{batch}", "data-refused", "critical", f"batch.{batch}", "open", message)
    message = f"{breach.message}; look at `shelfcast quarantine list`"
    return Alert(f"data-warning-{batch}", "data-warning", "warning", f"batch.{batch}", "open", message)


def nothing_passed(manifest: dict[str, Any]) -> Alert:
    """A retrain whose variants were all refused."""
    baseline = manifest["variants"][0]
    message = f"no release: {baseline['name']}: {'; '.join(baseline['reasons'])}. Stores keep what they run"
    name = manifest["release"]
    return Alert(f"nothing-passed-{name}", "nothing-passed", "critical", f"release.{name}", "open", message)
