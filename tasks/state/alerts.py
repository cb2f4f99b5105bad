"""An alert: what a person should know, said in one or two sentences."""

from dataclasses import dataclass
from typing import Literal

from tasks.state.manifest import Manifest

Kind = Literal[
    "data-refused", "store-refused", "data-warning", "nothing-passed", "run-failed", "drift", "override-expired"
]


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
        link: A page that says more, if any.
    """

    id: str
    kind: Kind
    severity: Literal["critical", "warning"]
    subject: str
    state: Literal["open", "resolved"]
    message: str
    link: str | None = None


def nothing_passed(manifest: Manifest) -> Alert:
    """A retrain whose variants were all refused."""
    baseline, name = manifest.variants[0], manifest.release
    message = f"no release: {baseline.name}: {'; '.join(baseline.reasons)}. Stores keep what they run"
    return Alert(f"nothing-passed-{name}", "nothing-passed", "critical", f"release.{name}", "open", message)
