"""How overrides are shown, wherever they are listed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flows.cli.screen import echo
from tasks.state.overrides import OverrideRecord

if TYPE_CHECKING:
    from tasks.promote.override import OverrideResult


def override(result: OverrideResult) -> None:
    if result.state == "revoked":
        echo(f"{_subject(result)}: no longer overridden; stores keep what they run")
        return
    for reason in result.reasons:
        echo(f"{result.variant}: {reason}")
    echo(f"{_subject(result)}: {_word(result)}")
    echo(f"next: `shelfcast promote {result.release}` gives it to stores")


def overrides(active: Iterable[OverrideRecord]) -> None:
    for each in active:
        echo(f"overridden: {_subject(each)}, {_word(each)}")


def _subject(override: OverrideRecord | OverrideResult) -> str:
    return f"{override.variant} of {override.release}" if override.variant else f"{override.release} during freezes"


def _word(override: OverrideRecord | OverrideResult) -> str:
    return f"released by {override.who} until {override.until}: {override.why}"
