"""Steps: plan the next wave of stores, and give each of them the variant that costs it least."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from prefect import task

from tasks.forecasting.rollout.freeze import frozen
from tasks.forecasting.rollout.selection import rank
from tasks.forecasting.rollout.waves import Wave, next_wave
from tasks.promote import entries
from tasks.promote.proof import require_deliverable
from tasks.promote.result import Delivery, gets, stays
from tasks.promote.rollout import Rollout
from tasks.report.sentences.choice import Choice, choice
from tasks.report.sentences.rollout import hold
from tasks.state import ledger, overrides
from tasks.state.ledger import Champion
from tasks.state.overrides import Override

Lifted = Mapping[str | None, Override]
"""The active overrides of a release, by variant; the override of freezes has the key `None`."""


@task
def plan_wave(rollout: Rollout, chosen: Sequence[str] | None) -> Wave:
    """The stores that get the release next, or those that a person chose."""
    if chosen:
        return Wave("chosen", tuple(dict.fromkeys(chosen)))
    return next_wave(rollout.stores, rollout.listed, rollout.progress, rollout.policy)


@task
def promote_wave(rollout: Rollout, wave: Wave) -> list[Delivery]:
    """Give each store of a wave the cheapest variant that passed and fits its device, in one commit to the ledger.

    Every byte that the stores would be sent is checked before.

    The choice goes by today's device classes and costs, not by those of the release's manifest. A variant whose verdict
    is overridden today counts as passed. A store in a freeze gets nothing, unless freezes are overridden for this
    release.

    Raises:
        DamagedRelease: If a file of the release is not what was published; nothing is recorded then.
    """
    running = rollout.ledger.running()
    if wave.hold:
        return [stays(store, running.get(store), "held", hold(wave.hold)) for store in wave.stores]
    lifted = overrides.of_release(overrides.active(rollout.ledger, rollout.today), rollout.release.id)
    choices = _choices(rollout, lifted)
    deliveries = [_decided(rollout, store, running.get(store), choices, lifted) for store in wave.stores]
    promoted = [each for each in deliveries if each.state == "promoted"]
    require_deliverable(rollout.home, {each.store: Champion(str(each.release), str(each.variant)) for each in promoted})
    ledger.record(rollout.home, [entries.promotion(each, wave.name) for each in promoted])
    return deliveries


def _choices(rollout: Rollout, lifted: Lifted) -> dict[str, Choice]:
    """The variant that each device class gets, where overridden verdicts count as passed."""
    variants = [replace(each, passed=each.passed or each.name in lifted) for each in rollout.release.candidates]
    ended = _ended(rollout, lifted)
    choices = {}
    for name, device in rollout.listed.devices.items():
        ranking = rank(variants, device, rollout.costs, len(rollout.stores))
        chosen = choice(ranking, name, rollout.costs.currency)
        choices[name] = chosen if chosen.variant else Choice(None, "; ".join([chosen.reason, *ended]))
    return choices


def _ended(rollout: Rollout, lifted: Lifted) -> list[str]:
    """How each override of the release's variants that is no longer active ended."""
    known = overrides.of_release(overrides.latest(rollout.ledger), rollout.release.id)
    return [f"the override of {each.variant} {each.end}" for name, each in known.items() if name and name not in lifted]


def _decided(
    rollout: Rollout, store: str, runs: Champion | None, choices: Mapping[str, Choice], lifted: Lifted
) -> Delivery:
    listed = rollout.listed.store(store)
    if listed is None:
        return stays(store, runs, "held", "the store is not in the list of stores, which has no default_device")
    chosen = choices[listed.device]
    if chosen.variant is None:
        return stays(store, runs, "held", chosen.reason)
    champion = Champion(rollout.release.id, chosen.variant)
    if runs == champion:
        return stays(store, runs, "unchanged", "runs it already")
    if freeze := _freeze(rollout, store, lifted):
        return stays(store, runs, "held", freeze)
    reasons = [chosen.reason, *_words(rollout, store, chosen.variant, lifted)]
    return gets(store, champion, runs, "promoted", "; ".join(reasons))


def _freeze(rollout: Rollout, store: str, lifted: Lifted) -> str | None:
    """Why a freeze holds a store; `None` where none does."""
    freeze = frozen(rollout.policy.freeze, store, rollout.today)
    if freeze is None or None in lifted:
        return None
    name, last = freeze
    remedy = f"wait until it is over, or `shelfcast override {rollout.release.id} --freeze`"
    return f"freeze {name!r} holds the store until {last}, that day too: {remedy}"


def _words(rollout: Rollout, store: str, variant: str, lifted: Lifted) -> list[str]:
    """Sentences on the overrides, of the gate or of a freeze, without which the store would not get the variant."""
    words = [f"the gate did not pass it: {lifted[variant].released}"] if variant in lifted else []
    freeze = frozen(rollout.policy.freeze, store, rollout.today)
    if freeze and None in lifted:
        words.append(f"in spite of freeze {freeze[0]!r}: {lifted[None].released}")
    return words
