"""Remote sources: files that fsspec reaches by URL, listed and fetched.

Credentials and endpoints are not part of a source; fsspec and the object store's client have their own places for them.
For S3: `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, `AWS_PROFILE`, `~/.aws` or the machine's role;
`AWS_ENDPOINT_URL` for an object store that is not Amazon's, without a user in it; `AWS_MAX_ATTEMPTS` for the number of
attempts (1 fails at once, the default after some 10 s). For any protocol: options in `~/.config/fsspec/*.json` or
variables such as `FSSPEC_S3_ANON=true` and `FSSPEC_SFTP_PASSWORD`.
"""

import glob
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from textwrap import shorten
from typing import Any, NoReturn
from urllib.parse import unquote

from tasks.ingest.reading.source_file import SourceError, SourceFile, empty, is_sales, protocol, unfit, unmatched

BLOCK = 1 << 23
"""Bytes of a remote file in memory at a time."""

STAMPS = ("etag", "mtime", "lastmodified", "modified", "modify", "modificationtime")
"""Names that object stores have for the property that changes with a file's content, the most reliable first."""

USER = re.compile(r"(?i)(?<=://)([^/\s@:]*:(?:[^/\s]*|(?!\d*/)\S*)|(?<=http://)[^/\s]*|(?<=https://)[^/\s]*)@")
"""User and password in a URL, on the web also a token; Azure's `container@account` is neither."""

QUERY = re.compile(r"(?i)(https?://[^\s?'\"]*)\?[^\s'\"]*")
"""A query in a web address, which may be a signature and so a secret."""

SIGNED = re.compile(
    r"(?i)([a-z][a-z0-9+.-]*://[^\s?'\"]*)\?(?=[^\s'\"]*(?:sig|token|key|secret|passw|credential)[^\s'\"&=]*=)[^\s'\"]*"
)
"""A query with a secret in a URL of any protocol; elsewhere than on the web `?` may be part of a pattern."""

PROTOCOLS = re.compile(r"(?i)(?:^|(?<=::))[a-z][a-z0-9+.-]*(?=://)")
"""Each protocol in a URL; `zip://*.csv::s3://bucket/in.zip` has two."""

DENIED = re.compile("Permission|Credential|Auth|Token|Profile")
"""Names of clients' errors about missing permission; web servers answer 401 or 403."""


def remote_files(url: str, fetched: Path, known: Mapping[str, str]) -> Iterator[SourceFile]:
    """The files that a URL names, in the order of their names; see `sources.find` for the arguments.

    Raises:
        SourceError: If there is no sales file, or one cannot be read.
    """
    url = PROTOCOLS.sub(lambda match: match[0].lower(), url)
    with ExitStack() as opened:
        with _explained(url, "cannot be reached"):
            store, path = _store(url)
            opened.callback(close, store)
            files = _listed(store, path, url)
        for name, properties in sorted(files.items()):
            address = _address(store, url, path, name)
            origin, version = public(address), _version(address, properties)
            called = public(name).rpartition("/")[2]
            if version and version in known:
                yield SourceFile(None, known[version], called, origin, version)
            else:
                with _explained(url, f"broke off while {called} was fetched"):
                    copy, sha256 = _fetch(store, name, properties.get("size"), fetched, called)
                yield SourceFile(copy, sha256, called, origin, version)


def require_known(url: str) -> None:
    """Check that fsspec knows the protocol of a URL.

    Raises:
        SourceError: If it does not.
    """
    import fsspec

    if protocol(url) not in fsspec.available_protocols():
        raise SourceError(
            f"no protocol {protocol(url)}:// is known; sources are paths, and URLs such as s3://bucket/in/*.csv, "
            f"gs://, abfs://, sftp:// or https://. Received: {public(url)}"
        )


def _store(url: str) -> tuple[Any, str]:
    """A new file system for a URL, without cached listings or credentials, and the path in it."""
    import fsspec

    require_known(url)
    return fsspec.url_to_fs(url, skip_instance_cache=True)


def close(store: Any) -> None:
    """Close the connections, which the garbage collector may leave open on a busy machine."""
    from fsspec.asyn import sync

    for client in filter(None, (getattr(store, "_s3", None), getattr(store, "_session", None))):
        with suppress(Exception):  # everything was read already
            sync(store.loop, client.close, timeout=10)


def _listed(store: Any, path: str, url: str) -> dict[str, dict[str, Any]]:
    """Properties of the sales files that a URL names, by their path in the object store."""
    there = _there(store, path)
    if there is None:
        folder = re.split(r"[*?\[]", path, maxsplit=1)[0].rpartition("/")[0]
        return _sales_among(_matching(store, path)) or _nothing(store, folder, unmatched(public(url)))
    if there["type"] == "directory":
        return _sales_among(store.find(path, detail=True)) or _nothing(store, path, empty(public(url)))
    if not is_sales(public(there["name"])):
        raise SourceError(unfit(public(url)))
    return {there["name"]: there}


def _sales_among(files: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: file for name, file in files.items() if file["type"] != "directory" and is_sales(public(name))}


def _nothing(store: Any, folder: str, message: str) -> NoReturn:
    """Say that there is no sales file, unless listing the folder shows that permission is missing."""
    store.ls(folder)  # other listings skip what may not be read
    raise SourceError(message)


def _there(store: Any, path: str) -> dict[str, Any] | None:
    """Properties of a file or folder; `None` if there is none and the path is a pattern."""
    try:
        return store.info(path)
    except FileNotFoundError:
        if not _is_pattern(path):
            raise
    except PermissionError:
        # whoever may read `in/*` of a bucket, and no more, is not allowed to ask what `in` is
        return None if _is_pattern(path) else {"type": "directory"}
    return None


def _is_pattern(path: str) -> bool:
    """Whether a path may name several files; in a web address `?` begins a query, and `[::1]` is a host."""
    web = re.match(r"https?://[^/]*([^?]*)", path)
    return bool(re.search(r"[*\[]", web[1])) if web else glob.has_magic(path)


def _matching(store: Any, pattern: str) -> dict[str, dict[str, Any]]:
    found = store.glob(pattern, detail=True)
    folders = [name for name, file in found.items() if file["type"] == "directory"]
    inside = (store.find(folder, detail=True) for folder in folders)
    return found | {name: file for files in inside for name, file in files.items()}


def _address(store: Any, url: str, path: str, name: str) -> str:
    """The URL of a file that was found at the path of a source's URL, without user and password."""
    outer, chained, inner = url.partition("::")
    outer, path = re.sub("(?<![:/])/+$", "", outer), path.rstrip("/")
    if outer.endswith("/"):
        name = name.lstrip("/")  # all of a store: `zip://::s3://bucket/in.zip`
    whole = outer.removesuffix(path) + name if outer.endswith(path) else store.unstrip_protocol(name)
    return USER.sub("", whole + chained + inner)


def _version(address: str, properties: dict[str, Any]) -> str | None:
    """The file's version, from its address and stamp; on the web a different query means a different file."""
    plain = {re.sub("[^a-z]", "", key.lower()): value for key, value in properties.items()}
    stamp = next((str(plain[name]) for name in STAMPS if plain.get(name)), None)
    return stamp and hashlib.sha256(json.dumps([address, stamp, plain.get("size")]).encode()).hexdigest()


def _fetch(store: Any, name: str, size: int | None, fetched: Path, called: str) -> tuple[Path, str]:
    """Fetch a remote file into a folder of its own; the copy and its sha256."""
    fetched.mkdir(parents=True, exist_ok=True)
    copy = Path(mkdtemp(dir=fetched)) / called
    digest, got = hashlib.sha256(), 0
    with store.open(name, "rb", block_size=BLOCK) as remote, copy.open("wb") as local:
        while block := remote.read(BLOCK):
            got += local.write(block)
            digest.update(block)
    if size is not None and got != size:
        raise OSError(f"{got:,} of {size:,} bytes came")
    return copy, digest.hexdigest()


@contextmanager
def _explained(url: str, fault: str) -> Iterator[None]:
    """Turn any error on the way to a URL into one line that says what to do; clients' errors share no base class."""
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        raise SourceError(_sentence(error, url, fault)) from None


def _sentence(error: Exception, url: str, fault: str) -> str:
    error = _on_the_web(error)
    shown, reason, s3 = public(url), _reason(error, url), protocol(url) in ("s3", "s3a")
    if isinstance(error, ImportError):
        return f"{protocol(url)}:// needs a package that is not installed here: {reason}. Received: {shown}"
    if isinstance(error, FileNotFoundError):
        why = f" ({_reason(error.__cause__, url)})" if error.__cause__ else ""
        return f"no such bucket, folder or file: {shown}{why}"
    if DENIED.search(type(error).__name__) or getattr(error, "status", None) in (401, 403):
        where = "for S3 in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE"
        if protocol(url) in ("http", "https"):
            where = "in its URL as https://user:password@host/, or sign it anew"
        return f"no permission to read {shown} ({reason}); give credentials that may list and read it, {where}"
    address = "its address and AWS_ENDPOINT_URL are right" if s3 else "its address is right"
    return f"{shown} {fault} ({reason}); see that its server answers and {address}, then run this again"


def _on_the_web(error: Exception) -> Exception:
    """The error behind a FileNotFoundError, as which fsspec reports every failure of a web server."""
    cause = error.__cause__
    if not isinstance(error, FileNotFoundError) or not isinstance(cause, Exception):
        return error
    told = isinstance(cause, OSError) or type(cause).__module__.startswith("aiohttp.")
    return cause if told and getattr(cause, "status", None) not in (404, 410) else error


def _reason(error: BaseException, url: str) -> str:
    """The error's message in one line, without the secrets of the URL."""
    text = str(error) or type(error).__name__
    for user in USER.findall(url):
        password = user.partition(":")[2]
        for secret in filter(None, (user, password, unquote(password))):
            text = text.replace(secret, "***")
    return shorten(public(text), 200, placeholder=" …").rstrip(".")


def public(text: str) -> str:
    """The text without users and passwords in its URLs, and without queries of web addresses or with a secret."""
    return SIGNED.sub(r"\1", QUERY.sub(r"\1", USER.sub("", text)))
