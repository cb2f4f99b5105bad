"""What `retrain`, `judge`, `releases` and `backtest` print for people."""

from collections.abc import Sequence

from flows.cli.render.overrides import overrides
from flows.cli.results import JudgeResult, ReleasesResult
from flows.cli.screen import Column, echo, table
from tasks.report.backtest_result import BacktestResult, CadenceRecord
from tasks.report.explain import reasons, smallest, worst_stores
from tasks.report.sentences import provenance
from tasks.report.text import difference, listed, number, plural, signed
from tasks.retrain.outcome import RetrainResult
from tasks.state.record import or_nan
from tasks.state.variant_record import Errors, VariantRecord

VARIANTS = (
    Column("variant", text=True),
    Column("KB", rank=4),
    Column("file B"),
    Column("sent B", rank=1),
    Column("MAPE %"),
    Column("sd", rank=4),
    Column("ratio", rank=3),
    Column("impact pp"),
    Column("bias %", rank=1),
    Column("us", rank=2),
    Column("verdict", text=True),
    Column("dominated by", text=True, rank=3),
)
BACKTEST = (
    Column("retrain", text=True),
    Column("gate", text=True),
    Column("retrains", rank=2),
    Column("promoted", rank=2),
    Column("refused", rank=1),
    Column("MAPE %"),
    Column("WAPE %", rank=3),
    Column("bias %", rank=1),
)


def retrain(result: RetrainResult, wide: bool = False, every_row: bool = False) -> None:
    _variants(result, wide, every_row)
    days = result.holdout
    echo(f"MAPE of the .tflite files on {days.days} days that training never saw, {days.first} to {days.last}")
    _references(result, every_row)
    for line in reasons(result.variants):
        echo(line)
    best = smallest(result)
    if best and (stores := worst_stores(best)):
        echo(f"{best.name}: {stores}")
    for choice in result.choices:
        echo(f"for a {choice.device}: {choice.reason}")
    if provenance.example(result.costs):
        echo(provenance.EXAMPLE)
    _next(result)


def _variants(result: RetrainResult, wide: bool, every_row: bool) -> None:
    baseline, telling = result.variants[0], _telling(result)
    shown = [each for each in result.variants if every_row or each.name in telling]
    table(VARIANTS, [_variant(each, baseline) for each in shown], wide)
    for line in _folded([each for each in result.variants if each not in shown]):
        echo(line)


def _references(result: RetrainResult, every_row: bool) -> None:
    """The forecasts without a network: every one, or the one that the gate compares with and the best."""
    known = [each for each in result.references if each.mape is not None]
    telling = known if every_row or not known else [known[0], min(known, key=_mape)]
    for each in dict.fromkeys(telling):
        gate = ", which the gate compares with" if each is result.references[0] else ""
        echo(f"without a network: {number(each.mape)} % by the {each.name}{gate}")


def _next(result: RetrainResult) -> None:
    echo(f"report {result.report}")
    if result.release:
        echo(f"release {result.release}; next: `shelfcast promote` gives it to the canary stores")
        return
    echo(
        f"no variant passed, so nothing was released and stores keep their current model. "
        f"To override: `shelfcast override {result.candidate} --variant NAME --who NAME --why TEXT --until YYYY-MM-DD`"
    )


def _telling(result: RetrainResult) -> set[str]:
    """Variants that a reader looks for: the baseline, what devices get, the smallest, the best, and those refused."""
    known = [each for each in result.variants if each.mape is not None]
    best = [min(known, key=_mape).name] if known else []
    smallest_passed = smallest(result)
    chosen = [choice.variant for choice in result.choices if choice.variant]
    refused = [each.name for each in result.variants if not each.passed][:5]
    return {result.variants[0].name, *chosen, *best, *([smallest_passed.name] if smallest_passed else []), *refused}


def _folded(variants: Sequence[VariantRecord]) -> list[str]:
    """A line for the variants of each verdict that have no row."""
    lines = []
    for verdict in dict.fromkeys(each.verdict for each in variants):
        alike = [each for each in variants if each.verdict == verdict]
        mapes = sorted(each.mape for each in alike if each.mape is not None)
        low, high = (number(mapes[0]), number(mapes[-1])) if mapes else ("-", "-")
        span = low if low == high else f"{low} to {high}"
        lines.append(f"{plural(len(alike), 'more variant')}, {verdict}, at {span} %: --all")
    return lines


def _variant(each: VariantRecord, baseline: VariantRecord) -> list[str]:
    return [
        each.name,
        number(each.weights_kb),
        number(each.file_bytes, 0),
        number(each.transfer_bytes, 0),
        number(each.mape),
        number(each.mape_std, 3),
        f"{baseline.weights_kb / each.weights_kb:.1f}x" if each.parent else "",
        signed(difference(each.mape, baseline.mape)) if each.parent else "",
        number(each.bias_pct),
        number(each.latency_us, 0),
        each.verdict,
        each.dominated_by or "",
    ]


def judge(result: JudgeResult) -> None:
    changed = [each for each in result.variants if each.verdict != each.before]
    table(
        [Column("variant", text=True), "MAPE %", Column("verdict", text=True), Column("before", text=True)],
        [[each.name, number(each.mape), each.verdict, each.before] for each in result.variants],
    )
    for reason in reasons(result.variants):
        echo(reason)
    echo(f"release {result.release}: {len(changed)} of {len(result.variants)} verdicts would be different")


def releases(result: ReleasesResult) -> None:
    table(
        [
            Column("release", text=True),
            Column("created", text=True, rank=1),
            Column("recipe", text=True, rank=2),
            *("passed", "refused", "stores"),
            Column("why", text=True),
        ],
        [
            [each.release, each.created, each.recipe, len(each.passed), len(each.refused), each.stores, each.reason]
            for each in result.releases
        ],
    )
    for candidate in result.refused_candidates:
        echo(f"refused as a whole: {candidate.release}, made {candidate.created} ({candidate.reason})")
    for damaged in result.damaged:
        echo(f"damaged and passed over: {damaged.reason}")
    overrides(result.overrides)


def backtest(result: BacktestResult, wide: bool = False, every_row: bool = False) -> None:
    own = {each.name: _figures(each) for each in result.limits[0].cadences}
    rows = [(each, limit.name) for limit in result.limits for each in limit.cadences]
    first = result.limits[0].name
    shown = [row for row in rows if every_row or row[1] == first or _figures(row[0]) != own[row[0].name]]
    cost = Column(f"{result.currency} a year")
    table([*BACKTEST, cost], [[each.name, gate, *_figures(each)] for each, gate in shown], wide)
    if len(shown) < len(rows):
        echo(f"{plural(len(rows) - len(shown), 'more row')}, with the figures of {first}: --all")
    reference = result.without_network
    echo(f"{reference.name}, no network: MAPE {number(reference.mape)} %")
    for line in _refusals(result.cadences):
        echo(line)
    echo(f"{result.variant} over {result.days} days from {result.first_day}, MAPE of what stores would have run")
    echo(result.sentence)
    echo(f"report {result.report}")


def _figures(each: CadenceRecord) -> list[str]:
    counts = map(str, (each.retrains, each.promotions, each.refusals))
    return [*counts, *map(number, (each.mape, each.wape, each.bias_pct, each.cost))]


def _refusals(cadences: Sequence[CadenceRecord]) -> list[str]:
    """Each refusal once, with the cadences that met it."""
    refused: dict[str, list[str]] = {}
    for each in cadences:
        for decision in each.decisions:
            if not decision.promoted:
                word = "refused" if decision.outcome == "fail" else "abstained"
                refused.setdefault(f"{decision.day} {word}: {'; '.join(decision.reasons)}", []).append(each.name)
    return [f"{why} ({listed(names)})" for why, names in sorted(refused.items())]


def _mape(each: Errors) -> float:
    return or_nan(each.mape)
