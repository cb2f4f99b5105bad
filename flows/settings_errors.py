"""What is wrong with settings, in one line: where the value came from, which key, what to do; and whose fault it is."""

import json
import os
import re
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import exceptions

PREFIX = "SHELFCAST_"


class SettingsError(ValueError):
    """Settings that cannot be used: which file or environment variable, which key, what to do."""


def is_misuse(error: object) -> bool:
    """Whether an error is the user's to mend: our own value errors are, anybody else's is a fault of ours."""
    return isinstance(error, ValueError) and type(error).__module__.split(".")[0] in ("flows", "tasks")


class UnreadableToml(ValueError):
    """A file that cannot be read as text: why, what to do."""


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        UnreadableToml: If it is not a file that can be read, or not in UTF-8.
        tomllib.TOMLDecodeError: If it is not TOML.
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise UnreadableToml(f"it must be a TOML file that can be read. Received: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UnreadableToml(f"it must be text in UTF-8; save it as UTF-8. Received: {error.reason}") from None


@contextmanager
def explained(what: str, file: str | None = None) -> Iterator[None]:
    """Turn what pydantic or the TOML parser finds wrong into one line.

    Args:
        what: What is read, such as `settings`.
        file: The file that it is read from, for values that no environment variable sets. Defaults to `None`: then
            environment variables play no part.

    Raises:
        SettingsError: For the first thing that is wrong.
    """
    try:
        yield
    except exceptions.SettingsError as error:
        raise SettingsError(f"{what} ({_unreadable(str(error))}): its value must be JSON") from None
    except ValidationError as error:
        place = f" ({_place(error, file)})" if file else ""
        raise SettingsError(f"{what}{place}: {explain(error)}") from None
    except (OSError, UnreadableToml, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{what}{f' ({file})' if file else ''}: {error}") from None


def explain(error: ValidationError) -> str:
    """The first thing that is wrong, in one line."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"unknown key {key!r}; check its spelling, flows/settings.py lists all keys"
    message = first["msg"].removeprefix("Value error, ")
    return f"{key}: {message}" if key else message


def _place(error: ValidationError, file: str) -> str:
    """Where the first thing that is wrong was set: the environment takes precedence over the file."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    given = path[:-1] if first["type"] == "missing" else path
    for depth in range(len(given), 0, -1):
        name = _variable(given[:depth])
        if name and _holds(os.environ[name], given[depth:]):
            return f"environment variable {name}"
    parts = [name for name in sorted(os.environ) if path and name.upper().startswith(f"{_name(path)}__")]
    variables = f"environment variable {', '.join(parts)}"
    if first["type"] == "extra_forbidden" and parts:
        return variables
    return f"{file} and {variables}" if parts else file


def _name(path: Sequence[str]) -> str:
    """The environment variable of a key, in upper case."""
    return PREFIX + "__".join(path).upper()


def _variable(path: Sequence[str]) -> str | None:
    """The environment variable that sets a key, as it is spelled; `None` if there is none."""
    return next((name for name in os.environ if name.upper() == _name(path)), None)


def _holds(text: str, path: Sequence[str]) -> bool:
    """Whether a variable's JSON has a value at a path; a variable of the key itself always does."""
    try:
        value: Any = json.loads(text) if path else None
        for part in path:
            value = value[int(part)] if isinstance(value, list) else value[part]
    except (ValueError, KeyError, IndexError, TypeError):
        return False
    return True


def _unreadable(message: str) -> str:
    """The environment variable of a block that pydantic could not parse: it names the block only."""
    block = re.search(r'field "(\w+)"', message)
    name = _name([block[1] if block else ""])
    about = [each for each in sorted(os.environ) if each.upper() == name or each.upper().startswith(f"{name}__")]
    wrong = [each for each in about if os.environ[each][:1] in "[{" or each.upper() == name]
    return f"environment variable {', '.join(wrong or about or [name])}"
