"""Sources on S3, against a real server on 127.0.0.1."""

import gc
import gzip
import json
import logging
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.request import Request, urlopen

import boto3
import fsspec
import pytest
import s3fs
from moto.server import ThreadedMotoServer

from tasks.ingest.reading import remote, sources
from tasks.ingest.reading.source_file import SourceError, SourceFile
from tasks.ingest.result import IngestResult
from tasks.state import ledger
from tasks.state.home import Home
from tests.ingest.reading.named import versions
from tests.ingest.steps import ingest
from tests.sales import sales_rows

Find = Callable[..., list[SourceFile]]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    urlopen(url, timeout=120).close()  # loads S3, which may take longer than a client waits
    yield url
    server.stop()


def tell(server: str, what: str, content: str = "") -> None:
    """Tell moto itself something."""
    request = Request(f"{server}/moto-api/{what}", content.encode(), {"Content-Type": "text/plain"})
    urlopen(request, timeout=60).close()


@pytest.fixture(autouse=True)
def credentials(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (name for name in os.environ if name.startswith("AWS_")):
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "s3cret",
        "AWS_ENDPOINT_URL": server,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def store(server: str) -> Iterator[fsspec.AbstractFileSystem]:
    """Who owns everything."""
    owner = {"key": "key", "secret": "s3cret", "endpoint_url": server}
    store = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False, **owner)
    yield store
    remote.close(store)


@pytest.fixture
def s3(server: str, store: fsspec.AbstractFileSystem) -> fsspec.AbstractFileSystem:
    """One bucket, with two days of two stores; no test sees what another left."""
    tell(server, "reset")
    store.call_s3("create_bucket", Bucket="bucket")
    for name in ("in/a.csv", "in/b.csv.gz", "in/readme.txt", "in/deep/c.parquet", "in/deep/d.csv.zst", "z.CSV"):
        store.pipe_file(f"bucket/{name}", name.encode())
    return store


@pytest.fixture
def find(tmp_path: Path) -> Find:
    def found(*urls: str, known: dict[str, str] | None = None) -> list[SourceFile]:
        return sources.find(urls, tmp_path / "fetched", known or {})

    return found


@pytest.fixture
def requests(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Asks which objects the server was asked for since it was asked last."""
    caplog.set_level(logging.INFO, "werkzeug")

    def got() -> list[str]:
        asked = re.findall(r"GET /bucket/([^? ]+) ", caplog.text)
        caplog.clear()
        return asked

    return got


def names(found: list[SourceFile]) -> list[str]:
    return [file.name for file in found]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("in/a.csv", ["a.csv"]),
        ("in", ["a.csv", "b.csv.gz", "c.parquet", "d.csv.zst"]),
        ("in/", ["a.csv", "b.csv.gz", "c.parquet", "d.csv.zst"]),
        ("", ["a.csv", "b.csv.gz", "c.parquet", "d.csv.zst", "z.CSV"]),
        ("in/*.csv", ["a.csv"]),
        ("in/*", ["a.csv", "b.csv.gz", "c.parquet", "d.csv.zst"]),
        ("in/?.csv.*", ["b.csv.gz"]),
        ("**/*.zst", ["d.csv.zst"]),
        ("i*", ["a.csv", "b.csv.gz", "c.parquet", "d.csv.zst"]),
    ],
)
def test_a_url_names_a_file_a_folder_or_a_pattern(
    s3: fsspec.AbstractFileSystem, find: Find, source: str, expected: list[str]
) -> None:
    found = find(f"s3://bucket/{source}")
    assert names(found) == expected
    for file in found:
        assert file.path and file.path.name == file.name
        assert f"s3://bucket/{file.path.read_text()}" == file.origin


def test_a_name_may_look_like_a_pattern(s3: fsspec.AbstractFileSystem, find: Find) -> None:
    s3.pipe_file("bucket/odd/[1] a?b%20c.csv", b"odd")
    (file,) = find("s3://bucket/odd/[1] a?b%20c.csv")
    assert (file.name, file.origin) == ("[1] a?b%20c.csv", "s3://bucket/odd/[1] a?b%20c.csv")
    assert find("s3://bucket/odd")[0].version == file.version


def test_several_sources_keep_their_order_and_none_is_fetched_twice(
    s3: fsspec.AbstractFileSystem, find: Find, requests: Callable[[], list[str]]
) -> None:
    found = find("s3://bucket/z.CSV", "s3://bucket/in/deep", "s3://bucket/in/*.csv", "s3://bucket/in/a.csv")
    assert names(found) == ["z.CSV", "c.parquet", "d.csv.zst", "a.csv"]
    assert requests() == ["z.CSV", "in/deep/c.parquet", "in/deep/d.csv.zst", "in/a.csv"]
    assert not any(file.copies for file in found)


def test_a_new_file_is_seen_and_old_ones_are_not_fetched_again(
    s3: fsspec.AbstractFileSystem, find: Find, requests: Callable[[], list[str]]
) -> None:
    first = find("s3://bucket/in")
    assert requests() == ["in/a.csv", "in/b.csv.gz", "in/deep/c.parquet", "in/deep/d.csv.zst"]
    s3.pipe_file("bucket/in/e.csv", b"new")
    second = find("s3://bucket/in", known=versions(first))
    assert requests() == ["in/e.csv"]
    assert [file.sha256 for file in second if not file.path] == [file.sha256 for file in first]
    assert names(find("s3://bucket/in/a.csv", "s3://bucket/i*/?.csv", known=versions(second))) == [
        "a.csv",
        "e.csv",
    ]
    assert requests() == []


def test_a_file_with_other_content_is_fetched_again(
    s3: fsspec.AbstractFileSystem, find: Find, requests: Callable[[], list[str]]
) -> None:
    first = find("s3://bucket/in/*.csv")
    s3.pipe_file("bucket/in/a.csv", b"IN/A.CSV")
    requests()
    (file,) = find("s3://bucket/in/*.csv", known=versions(first))
    assert file.path and file.path.read_bytes() == b"IN/A.CSV"
    assert (file.origin, file.sha256 != first[0].sha256) == (first[0].origin, True)
    assert requests() == ["in/a.csv"]


def test_the_same_content_under_two_names_is_one_file_and_neither_is_fetched_again(
    s3: fsspec.AbstractFileSystem, find: Find, requests: Callable[[], list[str]]
) -> None:
    s3.pipe_file("bucket/in/again.csv", b"in/a.csv")
    (file,) = found = find("s3://bucket/in/*.csv")
    assert (file.name, names(list(file.copies))) == ("a.csv", ["again.csv"])
    requests()
    (known,) = find("s3://bucket/in/*.csv", known=versions(found))
    assert (known.path, known.sha256, requests()) == (None, file.sha256, [])


def test_a_large_file_comes_in_blocks(
    s3: fsspec.AbstractFileSystem, find: Find, requests: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytes(range(256)) * 4096
    s3.pipe_file("bucket/large.csv", content)
    monkeypatch.setattr(remote, "BLOCK", 100_000)
    requests()
    (file,) = find("s3://bucket/large.csv")
    assert file.path and file.path.read_bytes() == content
    assert len(requests()) > 5


@pytest.mark.parametrize("path", ["in", "none"])
def test_no_connection_stays_open(
    s3: fsspec.AbstractFileSystem, find: Find, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def late(*_: object, **__: object) -> None:
        raise fsspec.exceptions.FSTimeoutError

    left: list[str] = []
    monkeypatch.setattr(s3fs.core, "sync", late)  # on a busy machine the garbage collector cannot close it
    monkeypatch.setattr(sys, "unraisablehook", lambda warning: left.append(str(warning.exc_value)))
    with suppress(SourceError):
        find(f"s3://bucket/{path}")
    gc.collect()
    assert left == []


def refusal(find: Find, url: str) -> str:
    start = monotonic()
    with pytest.raises(SourceError) as error:
        find(url)
    text = str(error.value)
    assert monotonic() - start < 10
    assert "\n" not in text and "s3cret" not in text
    return text


@pytest.mark.parametrize("path", ["", "/in", "/in/a.csv", "/in/*.csv", "/**/*.csv"])
def test_there_is_no_such_bucket(s3: fsspec.AbstractFileSystem, find: Find, path: str) -> None:
    assert refusal(find, f"s3://nothing{path}").startswith(f"no such bucket, folder or file: s3://nothing{path} (")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("in/none.csv", "no such bucket, folder or file: s3://bucket/in/none.csv"),
        ("none/*.csv", "no such bucket, folder or file: s3://bucket/none/*.csv"),
        ("in/*.txt", "no .csv, .csv.gz, .csv.zst, .parquet file matches: s3://bucket/in/*.txt"),
        ("in/readme.txt", "sales come as .csv, .csv.gz, .csv.zst, .parquet. Received: s3://bucket/in/readme.txt"),
        ("text", "the folder holds no .csv, .csv.gz, .csv.zst, .parquet file: s3://bucket/text"),
    ],
)
def test_a_bucket_without_sales(s3: fsspec.AbstractFileSystem, find: Find, path: str, message: str) -> None:
    s3.pipe_file("bucket/text/a.txt", b"hello")
    assert refusal(find, f"s3://bucket/{path}") == message


def test_no_bucket_is_named(s3: fsspec.AbstractFileSystem, find: Find) -> None:
    assert "Cannot traverse all of S3" in refusal(find, "s3://")


def test_there_are_no_credentials(s3: fsspec.AbstractFileSystem, find: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert refusal(find, "s3://bucket/in/*.csv") == (
        "no permission to read s3://bucket/in/*.csv (Unable to locate credentials); give credentials that may list and "
        "read it, for S3 in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE"
    )


def test_credentials_in_the_url_are_refused_and_not_shown(s3: fsspec.AbstractFileSystem, find: Find) -> None:
    assert refusal(find, "s3://key:s3cret@bucket/in/a.csv").startswith(
        's3://bucket/in/a.csv cannot be reached (Parameter validation failed: Invalid bucket name "***@bucket"'
    )


@pytest.fixture(scope="module")
def iam(server: str) -> Any:
    owner = {"aws_access_key_id": "key", "aws_secret_access_key": "s3cret", "endpoint_url": server}
    return boto3.client("iam", "us-east-1", **owner)


@pytest.fixture
def reader(
    server: str, s3: fsspec.AbstractFileSystem, iam: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., None]]:
    """Once called with actions and where they are allowed, sources are read by a user who may do nothing else.

    A policy of the bucket would not do: moto does not ask it who may list.
    """

    def may(*allowed: tuple[str, str]) -> None:
        rules = [
            {"Effect": "Allow", "Action": f"s3:{action}", "Resource": f"arn:aws:s3:::{where}"}
            for action, where in allowed
        ]
        policy = json.dumps({"Version": "2012-10-17", "Statement": rules})
        iam.create_user(UserName="reader")
        iam.put_user_policy(UserName="reader", PolicyName="may", PolicyDocument=policy)
        key = iam.create_access_key(UserName="reader")["AccessKey"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        tell(server, "reset-auth", "0")  # moto asks for permissions from the next request on

    yield may
    tell(server, "reset-auth", "inf")


LIST, READ = ("ListBucket", "bucket"), ("GetObject", "bucket/*")


@pytest.mark.parametrize(
    ("allowed", "path"),
    [(LIST, "in/a.csv"), (LIST, "in"), (LIST, "in/*"), (READ, "in"), (READ, "in/*"), (READ, "**/*.csv")],
)
def test_there_is_no_permission(find: Find, reader: Callable[..., None], allowed: tuple[str, str], path: str) -> None:
    reader(allowed)
    assert refusal(find, f"s3://bucket/{path}").startswith(f"no permission to read s3://bucket/{path} (")


def test_a_file_is_read_by_who_may_not_list(find: Find, reader: Callable[..., None]) -> None:
    reader(READ)
    assert names(find("s3://bucket/in/a.csv")) == ["a.csv"]


@pytest.mark.parametrize("path", ["in", "in/", "in/*"])
def test_a_folder_is_read_by_who_may_read_that_only(find: Find, reader: Callable[..., None], path: str) -> None:
    reader(LIST, ("GetObject", "bucket/in/*"))
    assert names(find(f"s3://bucket/{path}")) == ["a.csv", "b.csv.gz", "c.parquet", "d.csv.zst"]


@pytest.mark.parametrize("path", ["z.CSV", "none", "*"])
def test_what_is_beside_that_folder_may_not_be_read(find: Find, reader: Callable[..., None], path: str) -> None:
    reader(LIST, ("GetObject", "bucket/in/*"))
    assert refusal(find, f"s3://bucket/{path}").startswith(f"no permission to read s3://bucket/{path} (")


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_credentials_are_wrong(
    find: Find, reader: Callable[..., None], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    reader(LIST, READ)
    monkeypatch.setenv(name, "s3cret")
    for path in ("in", "in/*.csv"):
        assert refusal(find, f"s3://bucket/{path}").startswith(f"no permission to read s3://bucket/{path} (")


@pytest.fixture
def closed() -> Iterator[str]:
    """Where no server is."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


REMEDY = "see that its server answers and its address and AWS_ENDPOINT_URL are right, then run this again"


def test_the_server_does_not_answer(find: Find, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{closed}")
    text = refusal(find, "s3://bucket/in/*.csv")
    assert text.startswith(
        f's3://bucket/in/*.csv cannot be reached (Could not connect to the endpoint URL: "http://{closed}/bucket/'
    )
    assert text.endswith(REMEDY)


@pytest.mark.parametrize("anon", [False, True])
def test_credentials_in_the_endpoint_are_refused_and_not_shown(
    find: Find, closed: str, monkeypatch: pytest.MonkeyPatch, anon: bool
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://key:s3cret@{closed}")
    monkeypatch.setitem(fsspec.config.conf, "s3", {"anon": anon})
    text = refusal(find, "s3://bucket/in/*.csv")
    reason = "Could not connect to the endpoint URL:" if anon else "An HTTP Client raised"
    assert text.startswith(f"s3://bucket/in/*.csv cannot be reached ({reason}")
    assert text.endswith(REMEDY)


FEED = {
    "days/a.csv": b"date,store,item,sales\n2026-01-05,1,1,7\n2026-01-06,1,1,7\n2026-01-06,1,1,-1\n",
    "days/deep/b.csv.gz": gzip.compress(b"date,store,item,sales\n2026-01-05,2,1,3\n"),
}


def take_in(home: Home) -> IngestResult:
    return ingest(home, "s3://bucket/days/")


def test_an_ingest_fetches_what_is_new_and_a_correction_replaces(
    s3: fsspec.AbstractFileSystem, requests: Callable[[], list[str]], tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    for name, content in FEED.items():
        s3.pipe_file(f"bucket/{name}", content)
    assert take_in(home).model_dump(mode="json") | {"batch": "", "docs": ""} == {
        "schema_version": 1,
        "batch": "",
        "rows_read": 4,
        "rows_accepted": 3,
        "rows_changed": 0,
        "rows_unchanged": 0,
        "snapshot": 0,
        "rows_quarantined": 1,
        "rows_refused": 0,
        "reasons": {"negative sales": 1},
        "refused": False,
        "refused_stores": [],
        "why": None,
        "warnings": [],
        "records": [],
        "docs": "",
        "bad_rows": [],
    }
    assert requests() == list(FEED)
    assert sorted(path.read_bytes() for path in home.landing.iterdir()) == sorted(FEED.values())
    assert [entry.details["origin"] for entry in ledger.read(home, ["ingest"])] == [
        f"s3://bucket/{name}" for name in FEED
    ]

    before = {path: path.read_bytes() for path in home.root.rglob("*") if path.is_file()}
    again = take_in(home)
    assert (again.rows_read, again.rows_accepted, again.rows_unchanged, again.snapshot) == (4, 0, 3, 0)
    assert requests() == []
    assert {path: path.read_bytes() for path in home.root.rglob("*") if path.is_file()} == before

    s3.pipe_file("bucket/days/a.csv", FEED["days/a.csv"].replace(b"01-06,1,1,7", b"01-06,1,1,9"))
    after = take_in(home)
    assert requests() == ["days/a.csv"]
    assert (after.rows_read, after.rows_accepted, after.rows_changed, after.rows_unchanged) == (4, 1, 1, 2)
    rows = sales_rows(home)
    assert [(row.store, str(row.date), row.sales) for row in rows.sort_values(["store", "date"]).itertuples()] == [
        ("1", "2026-01-05", 7),
        ("1", "2026-01-06", 9),
        ("2", "2026-01-05", 3),
    ]
    assert len(list(home.landing.iterdir())) == 3
