"""Where feeds come from: files and folders on this machine, and by URL whatever fsspec reaches. No row is read here.

Credentials and endpoints are not part of a source; they are where fsspec and the store's client look for them. For S3:
`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, `AWS_PROFILE`, `~/.aws` or the machine's role; `AWS_ENDPOINT_URL` for a
store that is not Amazon's, without a user in it; `AWS_MAX_ATTEMPTS` for how often to try (1 fails at once, the default
after some 10 s). For any protocol: options in `~/.config/fsspec/*.json` or variables such as `FSSPEC_S3_ANON=true`,
`FSSPEC_SFTP_PASSWORD`.
"""

import glob
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from textwrap import shorten
from typing import Any
from urllib.parse import unquote

SUFFIXES = (".csv", ".csv.gz", ".csv.zst", ".parquet")
BLOCK = 1 << 23
"""Bytes of a remote file in memory at a time."""

STAMPS = ("etag", "mtime", "lastmodified", "modified", "modify", "modificationtime")
"""What stores call the property that changes with a file's content, letters only, the surest first."""

USER = re.compile(r"(?i)(?<=://)([^/\s@:]*:(?:[^/\s]*|(?!\d*/)\S*)|(?<=http://)[^/\s]*|(?<=https://)[^/\s]*)@")
"""User and password of a URL, on the web also a token; `container@account` of Azure is neither."""

QUERY = re.compile(r"(?i)(https?://[^\s?'\"]*)\?[^\s'\"]*")
"""On the web a query may sign a URL."""

PROTOCOLS = re.compile(r"(?i)(?:^|(?<=::))[a-z][a-z0-9+.-]*(?=://)")
"""Of a URL, each: in `zip://*.csv::s3://bucket/in.zip` two."""

DENIED = re.compile("Permission|Credential|Auth|Token|Profile")
"""How clients name their errors about who may read; web servers say 401 or 403."""


class SourceError(ValueError):
    """There is nothing to read at a source, or no way to it."""


@dataclass(frozen=True)
class SourceFile:
    """One content that sources hold.

    Attributes:
        path: Where it can be read; the fetched copy of a remote file, nothing if that is known.
        sha256: Of its bytes: the same content under another name is the same file.
        name: What it is called at its source.
        origin: Its absolute path or its URL, without credentials.
        version: Of a remote file: changes with origin and content. None for a local one, and where the store keeps
            neither ETag nor time of change, so that the file is fetched each time.
        copies: The same content elsewhere in the sources.
    """

    path: Path | None
    sha256: str
    name: str
    origin: str
    version: str | None = None
    copies: tuple["SourceFile", ...] = ()


def find(sources: Iterable[str], fetched: Path, known: Mapping[str, str] = {}) -> list[SourceFile]:
    """The files that sources name, each content once, in the order of the sources and then of their names.

    A folder stands for all files of sales below it. In a pattern such as `in/*.csv` or `s3://bucket/in/*.csv`, `**`
    stands for any folders, and matches that are no files of sales are passed over. Each call lists remote folders anew.

    Args:
        sources: Files, folders, patterns, and URLs of these.
        fetched: A folder for copies of remote files, each whole; it is made where needed.
        known: The sha256 of remote files, by version, whose content is needed no more: they are not fetched again.
            `versions` of earlier calls. Defaults to none.

    Raises:
        SourceError: If a source does not exist, holds no file of sales, is of another kind, or cannot be read.
    """
    found: dict[str, SourceFile] = {}
    seen = dict(known)
    for source in sources:
        for file in _remote(source, fetched, seen) if _protocol(source) else _local(source):
            if file.version:
                seen[file.version] = file.sha256
            first = found.setdefault(file.sha256, file)
            if file.origin not in {each.origin for each in (first, *first.copies)}:
                found[file.sha256] = replace(first, copies=(*first.copies, file))
    return list(found.values())


def require_usable(sources: Iterable[str]) -> None:
    """Look whether the sources on this machine are there, and whether those of others can be asked for.

    Raises:
        SourceError: If one does not exist, holds no file of sales, or is of another kind or an unknown protocol.
    """
    for source in sources:
        if _protocol(source):
            _require_known(source)
        else:
            _files(_path(source))


def versions(found: Iterable[SourceFile]) -> dict[str, str]:
    """The sha256 of each remote file by its version, copies included: what `find` may be told as known later."""
    return {each.version: each.sha256 for file in found for each in (file, *file.copies) if each.version}


def _protocol(source: str) -> str:
    """The protocol of a URL of another machine; nothing for a path or a `file://` URL."""
    protocol = re.match(r"([a-z][a-z0-9+.-]*)://", source, re.IGNORECASE)
    return protocol[1].lower() if protocol and protocol[1].lower() != "file" else ""


def _local(source: str) -> Iterator[SourceFile]:
    for path in _files(_path(source)):
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        yield SourceFile(path, sha256, path.name, str(path.absolute()))


def _path(source: str) -> Path:
    if not source.lower().startswith("file://"):
        return Path(source)
    path = unquote(source[len("file://") :]).removeprefix("localhost")
    if not path.startswith("/"):
        raise SourceError(f"a file:// URL names a path from the root: file:///folder/file.csv. Received: {source}")
    return Path(path)


def _files(source: Path) -> list[Path]:
    if source.is_dir():
        found = _of_sales(source.rglob("*"))
        if not found:
            raise SourceError(_empty(source))
        return found
    if not source.exists():
        return _matches(source)
    if not _is_sales(source.name):
        raise SourceError(_unfit(source))
    return [source]


def _matches(pattern: Path) -> list[Path]:
    if not glob.has_magic(str(pattern)):
        raise SourceError(f"no such file or folder: {pattern}")
    found = [Path(match) for match in glob.iglob(str(pattern), recursive=True)]  # noqa: PTH207  # absolute or not
    inside = [path for folder in found if folder.is_dir() for path in folder.rglob("*")]
    if not (chosen := _of_sales({*found, *inside})):
        raise SourceError(_unmatched(pattern))
    return chosen


def _of_sales(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if path.is_file() and _is_sales(path.name))


def _is_sales(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _empty(source: object) -> str:
    return f"the folder holds no {', '.join(SUFFIXES)} file: {source}"


def _unfit(source: object) -> str:
    return f"sales come as {', '.join(SUFFIXES)}. Received: {source}"


def _unmatched(source: object) -> str:
    return f"no {', '.join(SUFFIXES)} file matches: {source}"


def _remote(url: str, fetched: Path, known: Mapping[str, str]) -> Iterator[SourceFile]:
    url = PROTOCOLS.sub(lambda protocol: protocol[0].lower(), url)
    with ExitStack() as opened:
        with _explained(url, "cannot be reached"):
            store, path = _store(url)
            opened.callback(_close, store)
            files = _listed(store, path, url)
        for name, properties in sorted(files.items()):
            address = _address(store, url, path, name)
            origin, version = _public(address), _version(address, properties)
            called = _public(name).rpartition("/")[2]
            if version and version in known:
                yield SourceFile(None, known[version], called, origin, version)
            else:
                with _explained(url, f"broke off while {called} was fetched"):
                    copy, sha256 = _fetch(store, name, properties.get("size"), fetched, called)
                yield SourceFile(copy, sha256, called, origin, version)


def _require_known(url: str) -> None:
    import fsspec

    if _protocol(url) not in fsspec.available_protocols():
        raise SourceError(
            f"no protocol {_protocol(url)}:// is known; sources are paths, and URLs such as s3://bucket/in/*.csv, "
            f"gs://, abfs://, sftp:// or https://. Received: {_public(url)}"
        )


def _store(url: str) -> tuple[Any, str]:
    """The file system of a URL, new, so that it knows no old listing and no old credentials; and the path there."""
    import fsspec

    _require_known(url)
    return fsspec.url_to_fs(url, skip_instance_cache=True)


def _close(store: Any) -> None:
    """Close the connections; left to the garbage collector, they stay open where the machine is busy."""
    from fsspec.asyn import sync

    for client in filter(None, (getattr(store, "_s3", None), getattr(store, "_session", None))):
        with suppress(Exception):  # what was read is whole
            sync(store.loop, client.close, timeout=10)


def _listed(store: Any, path: str, url: str) -> dict[str, dict[str, Any]]:
    """Properties of the files of sales that a URL names, by their path at the store."""
    there = _there(store, path)
    if there and there["type"] != "directory":
        if not _is_sales(_public(there["name"])):
            raise SourceError(_unfit(_public(url)))
        return {there["name"]: there}
    found, nothing = (store.find(path, detail=True), _empty) if there else (_matching(store, path), _unmatched)
    chosen = {name: each for name, each in found.items() if each["type"] != "directory" and _is_sales(_public(name))}
    if not chosen:
        # listings pass over what may not be read, except this one
        store.ls(re.split(r"[*?\[]", path, maxsplit=1)[0].rpartition("/")[0] if nothing is _unmatched else path)
        raise SourceError(nothing(_public(url)))
    return chosen


def _there(store: Any, path: str) -> dict[str, Any] | None:
    """Properties of a file or folder; None where there is none and the path is a pattern."""
    try:
        return store.info(path)
    except FileNotFoundError:
        if not _is_pattern(path):
            raise
    except PermissionError:
        # who may read `in/*` of a bucket, and no more, may not ask what `in` is
        return None if _is_pattern(path) else {"type": "directory"}
    return None


def _is_pattern(path: str) -> bool:
    """Whether a path at a store may name several files; on the web `?` begins a query, and `[::1]` is a host."""
    web = re.match(r"https?://[^/]*([^?]*)", path)
    return bool(re.search(r"[*\[]", web[1])) if web else glob.has_magic(path)


def _matching(store: Any, pattern: str) -> dict[str, dict[str, Any]]:
    found = store.glob(pattern, detail=True)
    folders = [name for name, each in found.items() if each["type"] == "directory"]
    return found | {name: each for folder in folders for name, each in store.find(folder, detail=True).items()}


def _address(store: Any, url: str, path: str, name: str) -> str:
    """The URL of a file that was found at the path of a source's URL, without user and password."""
    outer, chained, inner = url.partition("::")
    outer, path = re.sub("(?<![:/])/+$", "", outer), path.rstrip("/")
    if outer.endswith("/"):
        name = name.lstrip("/")  # all of a store: `zip://::s3://bucket/in.zip`
    whole = outer.removesuffix(path) + name if outer.endswith(path) else store.unstrip_protocol(name)
    return USER.sub("", whole + chained + inner)


def _version(address: str, properties: dict[str, Any]) -> str | None:
    """On the web another query is another file, also where its stamp is the same."""
    plain = {re.sub("[^a-z]", "", key.lower()): value for key, value in properties.items()}
    stamp = next((str(plain[name]) for name in STAMPS if plain.get(name)), None)
    return stamp and hashlib.sha256(json.dumps([address, stamp, plain.get("size")]).encode()).hexdigest()


def _fetch(store: Any, name: str, size: int | None, fetched: Path, called: str) -> tuple[Path, str]:
    """A copy of a remote file in a folder of its own, and its sha256."""
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
    """Any error on the way to a URL as one line that says what to do; clients share no base class of theirs."""
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        raise SourceError(_sentence(error, url, fault)) from None


def _sentence(error: Exception, url: str, fault: str) -> str:
    error = _on_the_web(error)
    shown, reason, s3 = _public(url), _reason(error, url), _protocol(url) in ("s3", "s3a")
    if isinstance(error, ImportError):
        return f"{_protocol(url)}:// needs a package that is not installed here: {reason}. Received: {shown}"
    if isinstance(error, FileNotFoundError):
        why = f" ({_reason(error.__cause__, url)})" if error.__cause__ else ""
        return f"no such bucket, folder or file: {shown}{why}"
    if DENIED.search(type(error).__name__) or getattr(error, "status", None) in (401, 403):
        where = "for S3 in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE"
        if _protocol(url) in ("http", "https"):
            where = "in its URL as https://user:password@host/, or sign it anew"
        return f"no permission to read {shown} ({reason}); give credentials that may list and read it, {where}"
    address = "its address and AWS_ENDPOINT_URL are right" if s3 else "its address is right"
    return f"{shown} {fault} ({reason}); see that its server answers and {address}, then run this again"


def _on_the_web(error: Exception) -> Exception:
    """What went wrong on the web: fsspec calls it all FileNotFoundError."""
    cause = error.__cause__
    if not isinstance(error, FileNotFoundError) or not isinstance(cause, Exception):
        return error
    told = isinstance(cause, OSError) or type(cause).__module__.startswith("aiohttp.")
    return cause if told and getattr(cause, "status", None) not in (404, 410) else error


def _reason(error: BaseException, url: str) -> str:
    """What an error says, in one line, without what is secret in the URL."""
    text = str(error) or type(error).__name__
    for user in USER.findall(url):
        password = user.partition(":")[2]
        for secret in filter(None, (user, password, unquote(password))):
            text = text.replace(secret, "***")
    return shorten(_public(text), 200, placeholder=" …").rstrip(".")


def _public(text: str) -> str:
    """Text without users and passwords in its URLs, and without queries on the web."""
    return QUERY.sub(r"\1", USER.sub("", text))
