"""Sources on S3, against a real server on 127.0.0.1."""

import json
import logging
import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import fsspec
import pytest
from moto.server import ThreadedMotoServer

from tasks import sources
from tasks.sources import SourceError, SourceFile

Find = Callable[..., list[SourceFile]]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    server.stop()


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


@pytest.fixture
def s3(credentials: None) -> Iterator[fsspec.AbstractFileSystem]:
    """A bucket with two days of two stores."""
    store = fsspec.filesystem("s3", skip_instance_cache=True)
    store.mkdir("bucket")
    for name in ("in/a.csv", "in/b.csv.gz", "in/readme.txt", "in/deep/c.parquet", "in/deep/d.csv.zst", "z.CSV"):
        store.pipe_file(f"bucket/{name}", name.encode())
    yield store
    store.invalidate_cache()
    store.rm("bucket", recursive=True)


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
    second = find("s3://bucket/in", known=sources.versions(first))
    assert requests() == ["in/e.csv"]
    assert [file.sha256 for file in second if not file.path] == [file.sha256 for file in first]
    assert names(find("s3://bucket/in/a.csv", "s3://bucket/i*/?.csv", known=sources.versions(second))) == [
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
    (file,) = find("s3://bucket/in/*.csv", known=sources.versions(first))
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
    (known,) = find("s3://bucket/in/*.csv", known=sources.versions(found))
    assert (known.path, known.sha256, requests()) == (None, file.sha256, [])


def test_a_large_file_comes_in_blocks(
    s3: fsspec.AbstractFileSystem, find: Find, requests: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytes(range(256)) * 4096
    s3.pipe_file("bucket/large.csv", content)
    monkeypatch.setattr(sources, "BLOCK", 100_000)
    requests()
    (file,) = find("s3://bucket/large.csv")
    assert file.path and file.path.read_bytes() == content
    assert len(requests()) > 5


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


@pytest.mark.parametrize(("action", "path"), [("GetObject", "in/a.csv"), ("GetObject", "in"), ("ListBucket", "in/*")])
def test_there_is_no_permission(s3: fsspec.AbstractFileSystem, find: Find, action: str, path: str) -> None:
    where = "arn:aws:s3:::bucket" + ("/*" if action == "GetObject" else "")
    deny = {"Effect": "Deny", "Principal": "*", "Action": f"s3:{action}", "Resource": where}
    s3.call_s3("put_bucket_policy", Bucket="bucket", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    try:
        assert refusal(find, f"s3://bucket/{path}").startswith(f"no permission to read s3://bucket/{path} (")
    finally:
        s3.call_s3("delete_bucket_policy", Bucket="bucket")


def test_the_server_does_not_answer(find: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://key:s3cret@127.0.0.1:{closed.getsockname()[1]}")
        text = refusal(find, "s3://bucket/in/*.csv")
    assert text.startswith("s3://bucket/in/*.csv cannot be reached (Could not connect to the endpoint URL:")
    assert text.endswith("see that its server answers and its address is right, then run this again")
