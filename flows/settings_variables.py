"""Environment variables of shelfcast: one that it does not know is refused, as a mistyped limit would not hold."""

import os
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from flows.settings_errors import PREFIX, SettingsError

BESIDE = ("HOME", "SETTINGS", "STORES", "SEASONS", "DEBUG", "BENCH_SALES", "BENCH_ARTICLE_RUNS")
"""What follows the prefix in variables that are no settings; their names have capitals only."""


def require_known(settings: Iterable[str]) -> None:
    """Refuse variables that shelfcast does not know; those within a group of settings are checked with the group.

    Args:
        settings: Names of the settings and of their groups, which variables name in any case.

    Raises:
        SettingsError: For the first one, with the name that it is nearest to.
    """
    groups = {PREFIX + name.upper() for name in settings}
    beside = {PREFIX + name for name in BESIDE}
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name not in beside and name.upper().split("__")[0] not in groups:
            raise SettingsError(
                f"environment variable {name}: no setting has that name; {_meant(name, groups | beside)}"
            )


def _meant(name: str, known: Collection[str]) -> str:
    group, *keys = name.upper().removeprefix(PREFIX).split("__")
    near = get_close_matches(group, [each.removeprefix(PREFIX) for each in known], n=1)
    if not near:
        return f"unset it, or use one of {', '.join(sorted(known))}"
    return f"is {PREFIX}{'__'.join([*near, *keys])} meant?"
