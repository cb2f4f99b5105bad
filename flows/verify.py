"""The home as it is -> what of it is damaged, and what was put right."""

from functools import partial

from flows.runtime.watched import watched
from flows.settings import home_at, load
from tasks.notify import tell
from tasks.state.alert_rules import of_verification
from tasks.verify.result import VerifyResult
from tasks.verify.walk import walk


@watched
def verify(home: str | None = None, repair: bool = False) -> VerifyResult:
    """Read the whole home: sales, ledger, releases, channel, scores and documents; say what is damaged or disagrees.

    Args:
        home: Folder of all state. Defaults to `$SHELFCAST_HOME`, or else `data/`.
        repair: Whether to put right what can be put right without losing anything. Defaults to `False`.

    Returns:
        The JSON of `shelfcast verify`.
    """
    place, settings = home_at(home), load()
    result = walk(place, repair)
    found = [f"{each.path}: {each.what}" for each in result.damaged]
    tell(place, partial(of_verification, found=found), settings.alert_urls)
    return result
