"""A store device: from an assignment, its model file and 14 raw daily sales to a forecast in units.

This one file is all that a device needs of shelfcast, beside numpy and ai-edge-litert. It reads the channel:

    python forecast.py CHANNEL --store 1 --item 7 --day 2026-11-25 --history 12,9,,14,...

The history has the sales of the 14 days before the day, the oldest first; a day without a figure stays empty.

Exit codes: 0 forecast; 1 no forecast, as fewer than 7 of the 14 days are known; 2 the request cannot be right; 3 the
assignment or its model is refused: keep the old one. Codes 2 and 3 come with one line on stderr.
"""

import argparse
import json
import math
import re
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from ai_edge_litert import interpreter as litert

KNOWN = 7
"""Number of days of the history that must be known."""

MIN_LEVEL = 1 / 28
"""Least level that a window is divided by, in units a day."""

MAX_UNITS = 1e9
"""Units that no item sells in a day."""

MAX_TOLERANCE = 0.01
"""Share of a forecast beyond which golden samples test nothing."""

MAX_FACTOR = 1e6
"""Factor that no seasonal index exceeds, nor its inverse."""

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2149, 6, 6)
"""Days that sales can have."""

NO_FORECAST, BAD_REQUEST, REJECTED = 1, 2, 3

_OWN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])|sha256-.*")
_MODEL = re.compile(r"models/[A-Za-z0-9][A-Za-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNITS = re.compile(r"[0-9]{1,10}(\.[0-9]{1,10})?")


class BadRequest(ValueError):
    """A question that cannot be right: what must hold, and what was asked."""


class ModelRejected(RuntimeError):
    """The assignment or the file is damaged, another one's, or does not answer its golden samples."""


class Device:
    """One store's forecaster. It answers its golden samples before it forecasts.

    Args:
        assignment: The store's assignment, from the channel.
        model: The model file that the assignment names.
        store: The store that this device is in. Defaults to `None`: whoever calls knows whose assignment it is.

    Raises:
        ModelRejected: If the assignment is damaged or another store's, or if the file is not the one assigned, cannot
            be run, or does not answer its golden samples.
    """

    def __init__(self, assignment: Any, model: bytes, store: str | None = None) -> None:
        _check_assignment(assignment, store)
        expected = assignment["model"]["sha256"]
        if (found := sha256(model).hexdigest()) != expected:
            raise ModelRejected(f"the model file has sha256 {found[:12]}, assigned is {expected[:12]}; fetch it again")
        self.scaling, self.window, self.items = assignment["scaling"], assignment["window"], assignment.get("items")
        levels = assignment.get("levels") or {"day": str(FIRST_DAY), "of": {}}
        since = date.fromisoformat(levels["day"])
        self.levels = {item: (each["units"], each["days"], since) for item, each in levels["of"].items()}
        self._interpreter = _interpreter(model, self.window)
        self._check(**assignment["golden"])

    @classmethod
    def of(cls, channel: Path, store: str) -> "Device":
        """The forecaster that the channel assigns to a store.

        Raises:
            ModelRejected: If there is no assignment, or it or its model must not be run.
        """
        assignment = _json(_read(channel, f"stores/{file_name(store)}.json", f"the assignment of store {store!r}"))
        _check_assignment(assignment, store)
        return cls(assignment, _read(channel, assignment["model"]["path"], "the model file"), store)

    def forecast(self, item: str, history: Sequence[float | None], day: date) -> float | None:
        """Units that an item will sell on a day; `None` where fewer than 7 of the 14 days are known.

        A recipe with a smoothed level updates it by the days that it has not seen yet: ask every day, or at least
        every 14 days.

        Args:
            item: The item's code.
            history: Sales of the 14 days before `day`, the oldest first, `None` for a missing day.
            day: The day to forecast.

        Raises:
            BadRequest: If the item is not the store's, the history is not 14 numbers of units, or sales cannot have
                the day.
            ModelRejected: If the model answers what is no number.
        """
        self._check_request(item, history, day)
        sales = [math.nan if units is None else float(units) for units in history]
        if sum(map(math.isfinite, sales)) < KNOWN:
            return None
        level = self._learn(item, sales, day) if self.scaling["kind"] == "running-level" else None
        answer = self._units(item, sales, day, level)
        if not answer <= MAX_UNITS:
            raise ModelRejected(f"the model forecasts {answer:.3g} units, which nobody sells; keep the old one")
        return answer

    def _check_request(self, item: str, history: Sequence[float | None], day: date) -> None:
        if not isinstance(item, str) or (self.items is not None and item not in self.items):
            raise BadRequest(f"an item must be one of the {len(self.items or ())} of this store; received {item!r}")
        if len(history) != self.window:
            raise BadRequest(f"the history must have {self.window} values, empty ones too; received {len(history)}")
        for units in history:
            if units is not None and not _is_units(units):
                raise BadRequest(f"sales must be numbers from 0 to {MAX_UNITS:.0f}, or missing; received {units!r}")
        if not isinstance(day, date) or isinstance(day, datetime) or not FIRST_DAY < day <= LAST_DAY:
            raise BadRequest(f"the day must be a date from {FIRST_DAY} to {LAST_DAY}; received {day}")

    def _units(self, item: str, sales: list[float], day: date, level: float | None) -> float:
        """The forecast from 14 days; a level of `None` is the window's mean."""
        if self.scaling["kind"] == "global-min-max":
            low, span = self.scaling["low"], self.scaling["high"] - self.scaling["low"] or 1.0
            filled = np.nan_to_num(sales, nan=np.nanmean(sales))
            return max(0.0, low + span * self._run((filled - low) / span))
        index = self._index(item)
        deseasonalised = np.array([units / index(past) for units, past in zip(sales, self._days(day), strict=True)])
        level = max(float(np.nanmean(deseasonalised)) if level is None else level, MIN_LEVEL)
        naive_forecast = level * index(day)
        relative = np.nan_to_num(deseasonalised / level - 1, nan=0.0)
        return max(0.0, naive_forecast + naive_forecast * self._run(relative))

    def _learn(self, item: str, sales: list[float], day: date) -> float:
        """The item's level, smoothed exponentially over the days that it has not seen yet."""
        level, seen, last = self.levels.get(item, (0.0, 0, date.min))
        index = self._index(item)
        for past, sold in zip(self._days(day), sales, strict=True):
            if past > last and math.isfinite(sold):
                seen += 1
                alpha = max(2 / (self.scaling["span"] + 1), 1 / seen)
                level += alpha * (sold / index(past) - level)
        self.levels[item] = (level, seen, max(last, day - timedelta(1)))
        return level

    def _index(self, item: str) -> Any:
        """The seasonal index of a day, for an item."""
        groups = [group for group in self.scaling.get("groups", ()) if item in group["items"]]
        table = groups[0] if groups else self.scaling

        def at(day: date) -> float:
            angle = 2 * math.pi * (day - date(day.year, 1, 1)).days / 365.25
            waves = enumerate(table.get("annual", ()), 1)
            year = sum(cosine * math.cos(n * angle) + sine * math.sin(n * angle) for n, (cosine, sine) in waves)
            own = table.get("days", {}).get(str(day), 1.0)
            return table["weekday"][day.weekday()] * table["month"][day.month - 1] * math.exp(year) * own

        return at

    def _days(self, day: date) -> list[date]:
        return [day - timedelta(back) for back in range(self.window, 0, -1)]

    def _run(self, inputs: Any) -> float:
        self._interpreter.reset_all_variables()
        self._interpreter.set_tensor(
            self._interpreter.get_input_details()[0]["index"], np.asarray(inputs, np.float32).reshape(1, -1, 1)
        )
        self._interpreter.invoke()
        answer = float(self._interpreter.get_tensor(self._interpreter.get_output_details()[0]["index"]).item())
        if not math.isfinite(answer):
            raise ModelRejected(f"the model answers {answer}; keep the old one")
        return answer

    def _check(self, tolerance: float, samples: list[dict[str, Any]]) -> None:
        for sample in samples:
            sales = [math.nan if units is None else units for units in sample["history"]]
            answer = self._units(sample["item"], sales, date.fromisoformat(sample["day"]), sample.get("level"))
            if not abs(answer - sample["forecast"]) <= tolerance * max(1.0, abs(sample["forecast"])):
                raise ModelRejected(
                    f"the model forecasts {answer:.3f} where {sample['forecast']:.3f} is right; keep the old one"
                )


def file_name(code: str) -> str:
    """The name of a store's files in the channel, which is safe on any file system."""
    if _OWN_NAME.fullmatch(code) and not _RESERVED.fullmatch(code):
        return code
    return f"sha256-{sha256(code.encode(errors='surrogatepass')).hexdigest()[:32]}"


def _interpreter(model: bytes, window: int) -> Any:
    """LiteRT with a model that takes a window's days and answers one number."""
    try:
        found = litert.Interpreter(
            model_content=model,
            num_threads=1,
            experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        found.allocate_tensors()
        shapes = [each["shape"].tolist() for each in (*found.get_input_details(), *found.get_output_details())]
    except (ValueError, RuntimeError) as error:
        raise ModelRejected(f"the model cannot be run: {error}; keep the old one") from None
    if len(shapes) != 2 or shapes[0] != [1, window, 1] or math.prod(shapes[1]) != 1:
        raise ModelRejected(f"the model must take {window} days and answer one number; its shapes are {shapes}")
    return found


def _read(channel: Path, path: str, what: str) -> bytes:
    """A file of the channel; neither its name nor a link in it leads out."""
    try:
        root, found = channel.resolve(), (channel / path).resolve()
        content = found.read_bytes()
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelRejected(f"{what} cannot be read: {error}") from None
    if not found.is_relative_to(root / Path(path).parent):
        raise ModelRejected(f"{what} must be in the channel; {path} leads to {str(found)!r}")
    return content


def _json(content: bytes) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no number")

    try:
        return json.loads(content, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ModelRejected(f"the assignment is damaged: {error}; fetch it again") from None


def _check_assignment(assignment: Any, store: str | None) -> None:
    """Refuse an assignment that is damaged, whose model is elsewhere, or that is another store's."""
    _must("the assignment", assignment, _is_object, "an object")
    _check_keys("", assignment, {"store": _is_text, "window": _is_window, "model": _is_object, "golden": _is_object})
    if store is not None and assignment["store"] != store:
        raise ModelRejected(f"the assignment must be for store {store!r}; it is for {assignment['store']!r}")
    _check_keys("model.", assignment["model"], {"path": _is_model, "sha256": _is_sha256})
    if assignment.get("items") is not None:
        _must("items", assignment["items"], _list_of(_is_text))
    _check_scaling(assignment.get("scaling"))
    if assignment.get("levels") is not None:
        _check_levels(assignment["levels"])
    _check_golden(assignment["golden"], assignment["window"])


def _check_scaling(scaling: Any) -> None:
    _must("scaling", scaling, _is_object, "an object")
    kind = scaling.get("kind")
    if kind == "global-min-max":
        _check_keys("scaling.", scaling, {"low": _is_number, "high": _is_number})
        _must("the span of scaling", scaling["high"] - scaling["low"], lambda span: not span or abs(span) > 1e-6)
    elif kind in ("window-mean", "running-level"):
        _check_index("scaling.", scaling)
        _must("scaling.groups", scaling.get("groups", []), _list_of(_is_object))
        for group in scaling.get("groups", []):
            _check_index("scaling.groups.", group)
            _check_keys("scaling.groups.", group, {"items": _list_of(_is_text)})
        if kind == "running-level":
            _check_keys("scaling.", scaling, {"span": lambda span: _is_count(span) and span > 0})
    else:
        raise ModelRejected(f"scaling.kind must be one that this program knows; received {_shown(kind)}")


def _check_index(place: str, table: dict[str, Any]) -> None:
    """A seasonal index: no day is divided by zero, and none gets more than a million times another's."""
    factors = {"weekday": _list_of(_is_factor, 7), "month": _list_of(_is_factor, 12)}
    _check_keys(place, table, factors)
    _must(f"{place}annual", table.get("annual", []), _is_waves)
    _must(f"{place}days", table.get("days", {}), lambda days: _is_object(days) and all(map(_is_factor, days.values())))


def _check_levels(levels: Any) -> None:
    _must("levels", levels, _is_object, "an object")
    _check_keys("levels.", levels, {"day": _is_day, "of": _is_object})
    for each in levels["of"].values():
        _must("a level", each, _is_object, "an object")
        _check_keys("levels.of.", each, {"units": _is_units, "days": _is_count})


def _check_golden(golden: dict[str, Any], window: int) -> None:
    _check_keys("golden.", golden, {"samples": _list_of(_is_object)})
    unknown = sorted(set(golden) - {"tolerance", "samples"})
    if unknown:
        raise ModelRejected(f"golden samples must have a tolerance and samples; received {unknown[0]!r} too")
    tolerance = golden.get("tolerance")
    if not (_is_number(tolerance) and 0 < tolerance <= MAX_TOLERANCE):
        raise ModelRejected(f"the tolerance must be over 0 and at most {MAX_TOLERANCE}; received {_shown(tolerance)}")
    if not golden["samples"]:
        raise ModelRejected("there must be a golden sample, by which the model is tested; received none")
    for sample in golden["samples"]:
        known = {"item": _is_text, "day": _is_day, "forecast": _is_units}
        _check_keys("golden.samples.", sample, known | {"history": _list_of(_is_units_or_none, window)})
        _must("golden.samples.level", sample.get("level"), _is_units_or_none)
        if sum(units is not None for units in sample["history"]) < KNOWN:
            raise ModelRejected(f"a golden sample must know {KNOWN} of its days, or it tests nothing")


def _check_keys(place: str, found: dict[str, Any], tests: dict[str, Callable[[Any], bool]]) -> None:
    for key, test in tests.items():
        if key not in found:
            raise ModelRejected(f"the assignment must have {place}{key}; fetch it again")
        _must(f"{place}{key}", found[key], test)


def _must(place: str, value: Any, test: Callable[[Any], bool], what: str = "as shelfcast writes it") -> None:
    if not test(value):
        raise ModelRejected(f"{place} must be {what}; received {_shown(value)}; fetch it again")


def _list_of(test: Callable[[Any], bool], length: int | None = None) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and length in (None, len(value)) and all(map(test, value))


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return real and -MAX_UNITS <= value <= MAX_UNITS


def _is_units(value: Any) -> bool:
    return _is_number(value) and value >= 0


def _is_units_or_none(value: Any) -> bool:
    return value is None or _is_units(value)


def _is_factor(value: Any) -> bool:
    return _is_number(value) and 1 / MAX_FACTOR <= value <= MAX_FACTOR


def _is_waves(value: Any) -> bool:
    pairs = _list_of(_list_of(_is_number, 2))(value)
    return pairs and sum(abs(number) for pair in value for number in pair) <= math.log(MAX_FACTOR)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and _is_units(value)


def _is_window(value: Any) -> bool:
    return _is_count(value) and KNOWN <= value <= 366


def _is_model(value: Any) -> bool:
    return _is_text(value) and bool(_MODEL.fullmatch(value))


def _is_sha256(value: Any) -> bool:
    return _is_text(value) and bool(_SHA256.fullmatch(value))


def _is_day(value: Any) -> bool:
    try:
        return bool(_DAY.fullmatch(value)) and FIRST_DAY < date.fromisoformat(value) <= LAST_DAY
    except (TypeError, ValueError):
        return False


def _shown(value: Any) -> str:
    """A value as a message shows it: short."""
    if isinstance(value, list | dict):
        return f"a list of {len(value)}" if isinstance(value, list) else f"an object of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _line(error: BaseException) -> str:
    """A message in one line, whose control characters do nothing to a terminal."""
    text = " ".join(str(error).split())
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def parse_history(text: str) -> list[float | None]:
    """Sales as `12,9,,14,...` says them; nothing between two commas is a missing day.

    Raises:
        BadRequest: If a value is not a plain number of units.
    """
    values = [value.strip() for value in text.split(",")]
    for value in values:
        if value and not _UNITS.fullmatch(value):
            raise BadRequest(f"sales must be plain numbers from 0, such as 12 or 3.5, or empty; received {value!r}")
    return [float(value) if value else None for value in values]


def parse_day(text: str) -> date:
    """A day written YYYY-MM-DD.

    Raises:
        BadRequest: If it is none that sales can have.
    """
    if not _is_day(text):
        raise BadRequest(f"the day must be YYYY-MM-DD, from {FIRST_DAY} to {LAST_DAY}; received {text!r}")
    return date.fromisoformat(text)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadRequest(f"{message}; --help shows the arguments")


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """The arguments of the program.

    Raises:
        BadRequest: If one is missing or unknown.
    """
    parser = _Parser(description="Forecast one item's sales of one day, in units.", allow_abbrev=False)
    parser.add_argument("channel", type=Path, help="folder with stores/ and models/")
    options = {
        "--store": "code of the store that this device is in",
        "--item": "code of the item",
        "--day": "the day to forecast, YYYY-MM-DD",
        "--history": "sales of the 14 days before it, oldest first: 12,9,,14,...",
    }
    for option, meaning in options.items():
        parser.add_argument(option, required=True, help=meaning)
    joined: list[str] = []
    for argument in arguments:  # argparse takes a value that begins with - for an option
        if joined and joined[-1] in options:
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return parser.parse_args(joined)


def main(arguments: list[str]) -> int:
    """Print one forecast."""
    try:
        asked = parse_arguments(arguments)
        history, day = parse_history(asked.history), parse_day(asked.day)
        forecast = Device.of(asked.channel, asked.store).forecast(asked.item, history, day)
    except (BadRequest, ModelRejected) as error:
        print(f"forecast.py: {_line(error)}", file=sys.stderr)
        return BAD_REQUEST if isinstance(error, BadRequest) else REJECTED
    print("nothing: 7 of 14 days must be known" if forecast is None else f"{forecast:.2f}")
    return 0 if forecast is not None else NO_FORECAST


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
