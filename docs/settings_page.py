"""Write `docs/settings.md` from the settings' own models: `make docs`. A test sees that the page is up to date."""

import json
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from flows.settings import Settings
from tasks.forecasting.rollout.waves import StoreList

PAGE = Path(__file__).parent / "settings.md"

HEAD = """# Settings

Made by `make docs` from the models in the code; do not edit.

Settings are read from `deployments/settings.toml`, or the file that `$SHELFCAST_SETTINGS` names. Each is also an
environment variable, which counts over the file: `SHELFCAST_` and the key in capitals, with two underscores between a
block and its key, such as `SHELFCAST_GATE__MAX_MAPE=20`. A key that is not on this page is refused. A limit that may be
switched off takes `"none"`.
"""

STORES = """
## Stores

`deployments/stores.toml`, or the file that `$SHELFCAST_STORES` names.
"""


def page() -> str:
    """The whole page, in Markdown."""
    plain = {name: field for name, field in Settings.model_fields.items() if not _models(field.annotation)}
    blocks = {name: field for name, field in Settings.model_fields.items() if name not in plain}
    parts = [HEAD, "\n".join(_table(plain))]
    for name, field in blocks.items():
        parts += _block(name, field)
    parts += [STORES.strip(), "\n".join(_table(StoreList.model_fields))]
    for name, field in StoreList.model_fields.items():
        parts += _nested(name, field)
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _block(name: str, field: FieldInfo) -> Iterator[str]:
    (model,) = _models(field.annotation)
    yield f"## `{_header(name, field.annotation)}`"
    yield _sentence(field.description or "")
    yield "\n".join(_table(model.model_fields))
    for key, inner in model.model_fields.items():
        yield from _nested(f"{name}.{key}", inner)


def _nested(name: str, field: FieldInfo) -> Iterator[str]:
    for model in _models(field.annotation):
        yield f"### `{_header(name, field.annotation)}`"
        yield _sentence((model.__doc__ or "").strip().splitlines()[0])
        yield "\n".join(_table(model.model_fields))


def _header(name: str, annotation: Any) -> str:
    """How a block is written in TOML: once, once a name, or as often as one likes."""
    origin = get_origin(annotation)
    if origin is dict:
        return f"[{name}.NAME]"
    return f"[[{name}]]" if origin in (tuple, list) else f"[{name}]"


def _table(fields: dict[str, FieldInfo]) -> Iterator[str]:
    yield "| key | by default | what |"
    yield "|---|---|---|"
    for name, field in fields.items():
        yield f"| `{name}` | {_default(field)} | {_cell(field.description or '')} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel) or _models(field.annotation):
        return "none" if not value else "see below"
    return "none" if value is None else f"`{_cell(json.dumps(value, default=str, ensure_ascii=False))}`"


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models in an annotation such as `Limits`, `dict[str, Profile]` or `tuple[Freeze, ...]`."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return [annotation] if issubclass(annotation, BaseModel) else []
    inner = get_args(annotation) if get_origin(annotation) in (dict, tuple, list, Union, types.UnionType) else ()
    return [model for each in inner for model in _models(each)]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "." if text else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
