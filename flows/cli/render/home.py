"""What `verify` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.cli.screen import echo
from tasks.report.text import plural

if TYPE_CHECKING:
    from tasks.verify.result import VerifyResult


def verify(result: VerifyResult) -> None:
    for each in result.findings:
        echo(f"{each.path}: {each.what}")
        echo(f"    {'repaired' if each.repaired else each.remedy}")
    read = ", ".join(f"{plural(files, 'file')} of {part}" for part, files in result.checked.items())
    echo(f"read {read or 'nothing, as the home is empty'}")
    echo(f"{plural(len(result.damaged), 'fault')}" if result.damaged else "all of it is whole")
