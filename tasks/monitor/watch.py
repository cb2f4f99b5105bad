"""Step: which alerts about stores must open, and which are over."""

from collections.abc import Mapping, Sequence
from datetime import date

from prefect import task

from tasks.forecasting.data.days import natural
from tasks.forecasting.rollout.drift import DriftPolicy, alarming
from tasks.monitor.result import StoreScore
from tasks.state import overrides
from tasks.state.alerts import Alert, Changes, Kind, open_alerts, reconcile
from tasks.state.ledger import Champion, Ledger
from tasks.state.overrides import Override


@task
def watch(decided: Ledger, scored: Sequence[StoreScore], as_of: date, policy: DriftPolicy, today: date) -> Changes:
    """The changes of alerts on drift, on damaged releases, and on stores whose variant's override is over.

    Args:
        decided: The ledger as it is.
        scored: The live accuracy of each store's model.
        as_of: The last day that was scored, for messages.
        policy: When drift is alarming.
        today: The day by which overrides end.
    """
    return drift(decided, scored, as_of, policy) + damaged(decided, scored) + expired(decided, today)


def drift(decided: Ledger, scored: Sequence[StoreScore], as_of: date, policy: DriftPolicy) -> Changes:
    """The changes of alerts on drift: it went over its limit, came back, has other figures, or the model was replaced.

    An alert stays as it is where too few days were scored.
    """
    now_open = open_alerts(decided, "drift")
    before = {each.alert.id: each.alert for each in now_open}
    wanted, endings = list[Alert](), dict[str, str]()
    for each in scored:
        name = _drift_id(each)
        alarm = alarming(each.live, policy, name in before)
        if alarm:
            wanted.append(_drifts(each, as_of, policy))
        elif alarm is None and name in before:
            wanted.append(before[name])
        else:
            endings[name] = f"{_figures(each, as_of)}, back within {policy.resolve_pp:g}"
    return reconcile(now_open, wanted, lambda alert: endings.get(alert.id, "the store runs another model"))


def _drift_id(scored: StoreScore) -> str:
    return f"drift-{scored.store}-{scored.release}-{scored.variant}"


def _drifts(scored: StoreScore, as_of: date, policy: DriftPolicy) -> Alert:
    message = f"{_figures(scored, as_of)}, limit {policy.limit_pp:g}. Retrain, or `shelfcast rollback {scored.store}`"
    return _warning(_drift_id(scored), "drift", scored.store, Champion(scored.release, scored.variant), message)


def _warning(name: str, kind: Kind, store: str, model: Champion, message: str) -> Alert:
    """An open alert about the model that a store runs."""
    subject = f"store.{store}"
    return Alert(name, kind, "warning", subject, "open", message, release=model.release, variant=model.variant)


def _figures(scored: StoreScore, as_of: date) -> str:
    now = scored.live
    return (
        f"store {scored.store}, {scored.variant} of {scored.release}: MAPE {now.mape_28:.2f} % over the {now.days} "
        f"days to {as_of}, gated at {now.gated_mape:.2f} %, drift {now.drift_pp:+.2f} pp"
    )


def damaged(decided: Ledger, scored: Sequence[StoreScore]) -> Changes:
    """The changes of alerts on releases that stores run and that cannot be scored, as their files are damaged."""
    faults = {each.release: each.fault for each in scored if each.fault}
    earlier = [each for each in open_alerts(decided, "damaged") if each.alert.subject.startswith("release.")]
    return reconcile(
        earlier,
        [_unscored(release, str(why)) for release, why in faults.items()],
        lambda alert: f"{alert.release} is whole again, or no store runs it",
    )


def _unscored(release: str, why: str) -> Alert:
    message = f"stores run {release}, which is damaged, so they are not watched: {why}; or promote another release"
    return Alert(f"damaged-{release}", "damaged", "critical", f"release.{release}", "open", message, release=release)


def expired(decided: Ledger, today: date) -> Changes:
    """The changes of alerts on stores that run a variant whose override is over."""
    running = decided.running()
    known = {(each.release, each.variant): each for each in overrides.latest(decided) if each.what == "verdict"}
    over = {
        Champion(release, str(variant)): each for (release, variant), each in known.items() if not each.active(today)
    }
    runs = ((store, running[store]) for store in natural(running))
    wanted = [_outlives(store, model, over[model]) for store, model in runs if model in over]
    return reconcile(open_alerts(decided, "override-expired"), wanted, lambda alert: _why_over(alert, running))


def _outlives(store: str, model: Champion, override: Override) -> Alert:
    message = (
        f"store {store} still runs {override.subject}, which the gate did not pass; the override by {override.who} "
        f"{override.end}. `shelfcast rollback {store}`, promote another, or `shelfcast override {override.release} "
        f"--variant {override.variant}` again"
    )
    name = f"override-expired-{store}-{override.release}-{override.variant}"
    return _warning(name, "override-expired", store, model, message)


def _why_over(alert: Alert, running: Mapping[str, Champion]) -> str:
    same = running.get(str(alert.store)) == Champion(str(alert.release), str(alert.variant))
    return f"store {alert.store}: {f'{alert.variant} is overridden again' if same else 'it runs another model'}"
