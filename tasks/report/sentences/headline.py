"""What a release is, for those who read one line of it, one paragraph, or why to be careful."""

from tasks.report.comparison import baseline, best_reference
from tasks.report.explain import first_reason, given, kept, refusals, smallest, subject
from tasks.report.text import amount, difference, number, plural
from tasks.state.manifest import Manifest, ReferenceRecord
from tasks.state.record import or_nan
from tasks.state.variant_record import CheckRecord, Errors, VariantRecord


def headline(manifest: Manifest) -> str:
    """What it is, in a line."""
    day = f"{manifest.snapshot.last_day:%d %b %Y}".lstrip("0")
    if not given(manifest):
        return f"Retrain of {day}: nothing to release."
    return f"Release of {day}: ready for {plural(len(given(manifest)[0].by_store), 'store')}."


def lead(manifest: Manifest) -> str:
    """How accurate it is and whom it makes worse off, in plain words; else how far from passing it is."""
    sent = given(manifest)
    if not sent:
        nearest = subject(manifest)
        asked = [check for check in nearest.checks if check.outcome != "not applicable"]
        nothing = f"None of the {plural(len(manifest.variants), 'variant')} passed the gate."
        return (
            f"{nothing} The nearest, {nearest.name}, missed {len(refusals(nearest))} of {plural(len(asked), 'check')}."
        )
    return " ".join([_error(manifest, sent), _stores(sent), *_left_out(manifest)]).strip()


def detail(manifest: Manifest) -> str:
    """The smallest variant that passed, against the baseline and the best forecast without a network; else why not."""
    best = smallest(manifest)
    if best is None:
        nearest = subject(manifest)
        return f"What {nearest.name} missed first: {first_reason(nearest) or nearest.verdict}."
    figures = f"{amount(best.file_bytes, 'bytes')}, MAPE {amount(best.mape, '%')}"
    smallest_of = f"{best.name} is the smallest of {plural(len(manifest.passed), 'variant')} that passed: {figures}."
    return " ".join([smallest_of, *_comparisons(best, baseline(manifest), best_reference(manifest))])


def caution(manifest: Manifest) -> str | None:
    """What must be said where a forecast without a network beats networks; `None` where it beats none."""
    reference = best_reference(manifest)
    networks = [variant for variant in manifest.variants if variant.mape is not None]
    beaten = [variant.name for variant in networks if reference and (_gap(variant, reference) or 0) > 0]
    if not reference or not beaten:
        return None
    fact = f"Without any network, the {reference.name} has a MAPE of {amount(reference.mape, '%')}"
    if len(beaten) == len(networks):
        return f"{fact}: lower than every network in this release. By accuracy alone, these data need no network."
    return f"{fact}: lower than {len(beaten)} of the {len(networks)} networks ({', '.join(beaten)})."


def _error(manifest: Manifest, sent: list[VariantRecord]) -> str:
    """MAPE of what stores get, beside that of what they run, else that of the best forecast without a network."""
    low, high = (number(end(or_nan(each.mape) for each in sent), 1) for end in (min, max))
    mape = f"{low} %" if low == high else f"{low} to {high} %"
    champion, reference = _champion(sent[0]), best_reference(manifest)
    if champion:
        was = number(or_nan(sent[0].mape) - or_nan(champion.value), 1)
        return f"The forecast error (MAPE) {f'stays at {mape}' if was == low == high else f'is {mape} (was {was} %)'}."
    beside = f" ({number(reference.mape, 1)} % without a network)" if reference else ""
    return f"The forecast error (MAPE) is {mape}{beside}."


def _champion(variant: VariantRecord) -> CheckRecord | None:
    """The comparison with what stores run; `None` where no store runs a model."""
    known = (check for check in variant.checks if check.name == "champion" and check.outcome != "not applicable")
    return next((check for check in known if check.value is not None), None)


def _stores(sent: list[VariantRecord]) -> str:
    """Whether it makes any store worse off, and which most."""
    worst = [(or_nan(each.worst_off[0].difference), each.worst_off[0].name) for each in sent if each.worst_off]
    if not worst:
        return ""
    rise, store = max(worst)
    against = "than now" if _champion(sent[0]) else f"than with {kept(sent[0])}"
    if rise < 0.005:
        return f"No store is worse off {against}."
    return f"It is worse {against} in store {store}, by {number(rise)} percentage points, the most of all stores."


def _left_out(manifest: Manifest) -> list[str]:
    devices = [choice.device for choice in manifest.choices if choice.variant is None]
    return [f"Nothing fits a {device}." for device in devices]


def _comparisons(best: VariantRecord, first: VariantRecord | None, reference: ReferenceRecord | None) -> list[str]:
    sentences = []
    if first and first is not best and first.mape is not None:
        size = amount(first.file_bytes, "bytes")
        sentences.append(f"It is {_against(best, first)} the baseline, {first.name} ({size}).")
    if reference:
        sentences.append(f"It is {_against(best, reference)} the best forecast without a network ({reference.name}).")
    return sentences


def _against(one: Errors, other: Errors) -> str:
    gap = _gap(one, other)
    return f"{number(abs(gap))} pp {'worse' if gap > 0 else 'better'} than" if gap else "as accurate as"


def _gap(one: Errors, other: Errors) -> float | None:
    return difference(one.mape, other.mape)
