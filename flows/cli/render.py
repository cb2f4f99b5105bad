"""Results for people: each function shows the JSON of one command on stdout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from flows.cli.console import say, table
from flows.cli.results import JudgeResult, ReleasesResult, StatusResult, StoreStatus
from tasks.report.backtest_result import BacktestResult
from tasks.report.explain import reasons, smallest, worst_stores
from tasks.report.text import listed, number, plural, signed
from tasks.retrain.outcome import RetrainResult
from tasks.state.overrides import OverrideRecord

if TYPE_CHECKING:
    from tasks.ingest.contract.findings import BadRow
    from tasks.ingest.quarantine import QuarantineList
    from tasks.ingest.replay import ReplayResult, Texts
    from tasks.ingest.result import IngestResult
    from tasks.ingest.sample import SampleResult
    from tasks.monitor.result import LiveAccuracy, MonitorResult
    from tasks.promote.override import OverrideResult
    from tasks.promote.result import PromotionResult, RollbackResult
    from tasks.tidy import TidyResult

SHOWN = 5
"""Bad rows of a refused batch that are printed."""


def ingest(result: IngestResult) -> None:
    if result.refused:
        say(f"refused: {result.why}")
        say("no row was ingested, and none went to quarantine; the files are where they were")
    else:
        say(
            f"{result.rows_read:,} rows read: {result.rows_accepted:,} added ({result.rows_changed:,} corrections), "
            f"{result.rows_unchanged:,} already known, {result.rows_quarantined:,} in quarantine"
        )
        say(f"sales table: version {result.snapshot}")
    _reasons(result.reasons)
    _bad_rows(result.bad_rows[:SHOWN], sum(result.reasons.values()))
    for word, messages in (("warning", result.warnings), ("note", result.records)):
        for message in messages:
            say(f"{word}: {message}")
    if result.docs:
        say(f"Data Docs: {result.docs}")


def _reasons(reasons: dict[str, int]) -> None:
    if reasons:
        table(["reason", "rows"], [[reason, f"{rows:,}"] for reason, rows in reasons.items()])


def _bad_rows(rows: Sequence[BadRow], total: int) -> None:
    """The first bad rows of a refused batch."""
    if rows:
        table(
            ["file", "line", "reason", "raw"], [[row.file, row.line, row.reason, row.raw[:80]] for row in rows], left=4
        )
    if rows and total > len(rows):
        say(f"and {total - len(rows):,} more bad rows; the Data Docs page lists the first of them")


def replay(result: ReplayResult) -> None:
    say(
        f"{plural(result.rows_read, 'row')} checked against today's rules: {result.rows_accepted:,} added, "
        f"{result.rows_unchanged:,} already known, {result.rows_quarantined:,} left in quarantine"
    )
    _reasons(result.reasons)
    if result.fixed:
        rows = [[row.file, row.line, _texts(row.before), _texts(row.after)] for row in result.fixed]
        table(["corrected", "line", "before", "after"], rows, left=4)


def _texts(row: Texts) -> str:
    return ",".join(text or "" for text in (row.date, row.store, row.item, row.sales))


def tidy(result: TidyResult) -> None:
    table(
        ["table", "version", "files before", "after", "removed", "MB freed"],
        [
            [each.table, each.version, each.files_before, each.files, each.removed, f"{each.bytes_freed / 2**20:.1f}"]
            for each in result.tables
        ],
    )
    kept = ", ".join(map(str, result.kept_versions))
    say(f"sales stay readable as in versions {kept}" if kept else "no release names a version of the sales")


def retrain(result: RetrainResult) -> None:
    rows: list[list[Any]] = [
        [each.name, *"---", number(each.mape), *"---", number(each.bias_pct), "-", "no network", ""]
        for each in result.references
    ]
    baseline = result.variants[0]
    for each in result.variants:
        ratio = f"{baseline.weights_kb / each.weights_kb:.1f}x" if each.parent else ""
        rows.append(
            [
                each.name,
                f"{each.weights_kb:.2f}",
                number(each.file_bytes, 0),
                number(each.transfer_bytes, 0),
                number(each.mape),
                number(each.mape_std, 3),
                ratio,
                signed(each.delta_mape) if each.parent else "",
                number(each.bias_pct),
                number(each.latency_us, 0),
                each.verdict,
                each.dominated_by or "",
            ]
        )
    columns = ["", "KB", "file B", "sent B", "MAPE %", "sd", "ratio", "impact pp", "bias %", "us", "verdict"]
    table([*columns, "dominated by"], rows)
    days = result.holdout
    say(f"MAPE of the .tflite files on {days.days} days that training never saw, {days.first} to {days.last}")
    for line in reasons(result.variants):
        say(line)
    best = smallest(result)
    if best and (stores := worst_stores(best)):
        say(f"{best.name}: {stores}")
    for choice in result.choices:
        say(f"for a {choice.device}: {choice.reason}")
    say(
        f"release {result.release}"
        if result.release
        else "nothing passed: no release, stores keep what they run; `shelfcast releases` has its id for an override"
    )
    say(f"report {result.report}")


def judge(result: JudgeResult) -> None:
    changed = [each for each in result.variants if each.verdict != each.before]
    table(
        ["", "MAPE %", "verdict", "before"],
        [[each.name, number(each.mape), each.verdict, each.before] for each in result.variants],
    )
    for reason in reasons(result.variants):
        say(reason)
    say(f"release {result.release}: {len(changed)} of {len(result.variants)} verdicts would be different")


def promote(result: PromotionResult | RollbackResult) -> None:
    if not result.stores:
        say(f"every store has release {result.release} already")
        return
    table(
        ("store", "state", "variant", "release", "previous"),
        [[each.store, each.state, each.variant, each.release, each.previous] for each in result.stores],
        left=5,
    )
    for reason in dict.fromkeys(each.reason for each in result.stores):
        stores = [each.store for each in result.stores if each.reason == reason]
        say(f"store {listed(stores)}: {reason}")
    say(f"wave: {result.wave}")


def monitor(result: MonitorResult) -> None:
    if not result.stores:
        say("no store runs a model yet; run `shelfcast promote` first")
        return
    _stores(result.stores)
    if not any(each.days for each in result.stores):
        say("no sales arrived since the release's last day, so there is nothing to score yet")
    for alert in result.alerts:
        say(f"{alert.state}: {alert.message}")


def status(result: StatusResult) -> None:
    say(f"home {result.home}")
    if result.snapshot is None:
        say("no sales yet; run `shelfcast ingest` first")
    else:
        latest = f"sales to {result.last_day}, table version {result.snapshot}"
        say(f"{latest}; newest release {result.newest_release}")
    if result.stores:
        _stores(result.stores)
    for alert in result.alerts:
        say(f"{alert.kind} open since {alert.since}: {alert.message}{f' ({alert.link})' if alert.link else ''}")
    _overrides(result.overrides)
    if result.quarantine:
        say(f"{sum(result.quarantine.values()):,} rows in quarantine; see `shelfcast quarantine list`")


def _stores(stores: Sequence[LiveAccuracy | StoreStatus]) -> None:
    table(
        ["store", "release", "variant", "gated MAPE %", "MAPE 28 d %", "drift pp", "days"],
        [
            [
                each.store,
                each.release,
                each.variant,
                number(each.gated_mape),
                number(each.mape),
                signed(each.drift_pp),
                each.days,
            ]
            for each in stores
        ],
        left=3,
    )
    if unknown := [each.store for each in stores if each.gated_mape is None]:
        say(f"store {listed(unknown)}: not gated under today's [mape], so drift is unknown until the next release")


def releases(result: ReleasesResult) -> None:
    table(
        ["release", "created", "recipe", "passed", "refused", "stores", "why"],
        [
            [each.release, each.created, each.recipe, len(each.passed), len(each.refused), each.stores, each.reason]
            for each in result.releases
        ],
        left=3,
    )
    for candidate in result.refused_candidates:
        say(f"refused as a whole: {candidate.release}, made {candidate.created} ({candidate.reason})")
    _overrides(result.overrides)


def override(result: OverrideResult) -> None:
    if result.state == "revoked":
        say(f"{_overridden(result)}: no longer overridden; stores keep what they run")
        return
    for reason in result.reasons:
        say(f"{result.variant}: {reason}")
    say(f"{_overridden(result)}: {_released(result)}")
    say(f"`shelfcast promote {result.release}` gives it to stores")


def _overrides(overrides: Iterable[OverrideRecord]) -> None:
    for each in overrides:
        say(f"overridden: {_overridden(each)}, {_released(each)}")


def _overridden(override: OverrideRecord | OverrideResult) -> str:
    return f"{override.variant} of {override.release}" if override.variant else f"{override.release} during freezes"


def _released(override: OverrideRecord | OverrideResult) -> str:
    return f"released by {override.who} until {override.until}: {override.why}"


def quarantine(result: QuarantineList) -> None:
    rows = [[row.file, row.line, row.reason, row.raw[:80]] for row in result.rows]
    table(["file", "line", "reason", "raw"], rows, left=4)
    say(f"{plural(result.total, 'row')} in quarantine")
    if result.csv:
        say(f"all of them are in {result.csv}; correct it, then `shelfcast quarantine replay --fix-with {result.csv}`")


def backtest(result: BacktestResult) -> None:
    cost = f"{result.currency} a year"
    rows = [
        [
            *(each.name, limit.name, each.retrains, each.promotions, each.refusals),
            *map(number, (each.mape, each.wape, each.bias_pct, each.cost)),
        ]
        for limit in result.limits
        for each in limit.cadences
    ]
    table(["retrain", "gate", "retrains", "promoted", "refused", "MAPE %", "WAPE %", "bias %", cost], rows, left=2)
    reference = result.without_network
    say(f"{reference.name}, no network: MAPE {number(reference.mape)} %")
    refused: dict[str, list[str]] = {}
    for each in result.cadences:
        for decision in each.decisions:
            if not decision.promoted:
                word = "refused" if decision.outcome == "fail" else "abstained"
                refused.setdefault(f"{decision.day} {word}: {'; '.join(decision.reasons)}", []).append(each.name)
    for why, cadences in sorted(refused.items()):
        say(f"{why} ({', '.join(cadences)})")
    say(f"{result.variant} over {result.days} days from {result.first_day}, MAPE of what stores would have run")
    say(result.sentence)
    say(f"report {result.report}")


def sample(result: SampleResult) -> None:
    say(f"{result.rows:,} rows in {result.path}")
    if result.noise_floor is not None:
        floor, holdout = number(result.noise_floor), number(result.noise_floor_holdout)
        say(f"lowest MAPE possible: {floor} % on all days, {holdout} % on the holdout")
