"""What sources name in fsspec's memory and on web servers; `test_s3.py` has S3."""

import os
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import fsspec
import pytest
from fsspec.registry import known_implementations

from tasks.ingest.reading import sources
from tasks.ingest.reading.remote import public
from tasks.ingest.reading.source_file import SourceError
from tests.ingest.reading.named import GOOD, csv, find, names, versions


def test_any_protocol_of_fsspec_is_a_source(tmp_path: Path, memory: fsspec.AbstractFileSystem) -> None:
    for name in ("in/a.csv", "in/b.csv.gz", "in/deep/c.parquet", "in/d.txt", "other.csv"):
        memory.pipe_file(f"/{name}", name.encode())
    found = find(tmp_path, "memory://in")
    assert [file.origin for file in found] == [
        f"memory://in/{name}" for name in ("a.csv", "b.csv.gz", "deep/c.parquet")
    ]
    assert [file.path and file.path.read_bytes() for file in found] == [
        b"in/a.csv",
        b"in/b.csv.gz",
        b"in/deep/c.parquet",
    ]
    assert names(find(tmp_path, "memory://in/*.csv")) == ["a.csv"]
    assert names(find(tmp_path, "memory://**/*.csv")) == ["a.csv", "other.csv"]
    assert find(tmp_path, "MEMORY://in/a.csv")[0].origin == "memory://in/a.csv"
    assert [file.origin for file in find(tmp_path, "memory://")] == [file.origin for file in found] + [
        "memory://other.csv"
    ]


def test_a_store_that_keeps_no_time_of_change_has_no_versions(
    tmp_path: Path, memory: fsspec.AbstractFileSystem
) -> None:
    memory.pipe_file("/in/a.csv", GOOD)
    (file,) = found = find(tmp_path, "memory://in")
    assert file.version is None and versions(found) == {}


class Web(BaseHTTPRequestHandler):
    """A web server whose files are all alike, but for what their names say, and whose folders list one."""

    asked: ClassVar[list[str]] = []
    answers: ClassVar[dict[str, int]] = {"403": 403, "404": 404, "410": 410, "500": 500, "*": 404}

    @property
    def status(self) -> int:
        if "private" in self.path and self.headers["Authorization"] != f"Basic {b64encode(b'shop:s3cret').decode()}":
            return 401
        return next((status for name, status in self.answers.items() if name in self.path), 200)

    @property
    def content(self) -> bytes:
        return b'<a href="a.csv">a.csv</a> <a href="b.txt">b.txt</a>' if self.path.endswith("/") else GOOD

    def do_HEAD(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.content) * (100 if "broken" in self.path else 1)))
        if "tagged" in self.path:
            self.send_header("ETag", '"1"')
        self.end_headers()

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.do_HEAD()
        self.wfile.write(self.content)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Web) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_is_secret_in_a_web_address_is_not_in_its_origin(tmp_path: Path, web: str) -> None:
    (file,) = find(tmp_path, f"http://{web}/in/a.csv?signature=s3cret")
    assert (file.name, file.origin) == ("a.csv", f"http://{web}/in/a.csv")
    assert file.path and file.path.read_bytes() == GOOD


def test_a_tagged_file_on_the_web_is_fetched_once(tmp_path: Path, web: str) -> None:
    url = f"http://{web}/tagged.csv"
    found = find(tmp_path, url)
    Web.asked.clear()
    (file,) = sources.find([url], tmp_path / "fetched", versions(found))
    assert (file.path, file.sha256, Web.asked) == (None, found[0].sha256, [])


def test_another_query_is_another_file(tmp_path: Path, web: str) -> None:
    found = find(tmp_path, f"http://u:s3cret@{web}/tagged.csv?day=5")
    assert sources.find([f"http://{web}/tagged.csv?day=5"], tmp_path, versions(found))[0].path is None
    assert sources.find([f"http://{web}/tagged.csv?day=6"], tmp_path, versions(found))[0].path


def one_line(error: pytest.ExceptionInfo[SourceError], start: str, *within: str) -> None:
    text = str(error.value)
    assert text.startswith(start) and "\n" not in text and "s3cret" not in text, text
    assert all(part in text for part in within), text
    assert error.value.__suppress_context__ or not error.value.__context__


def test_a_download_that_breaks_off(tmp_path: Path, web: str) -> None:
    with pytest.raises(SourceError) as error:
        find(tmp_path, f"http://{web}/broken.csv?key=s3cret")
    one_line(error, f"http://{web}/broken.csv broke off while broken.csv was fetched (", "then run this again")


def test_a_download_that_is_shorter_than_its_listing_says(
    tmp_path: Path, memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe_file("/in/a.csv", GOOD)
    monkeypatch.setattr(type(memory), "info", lambda *_: {"name": "/in/a.csv", "type": "file", "size": 1000})
    with pytest.raises(SourceError) as error:
        find(tmp_path, "memory://in/a.csv")
    one_line(error, "memory://in/a.csv broke off while a.csv was fetched (17 of 1,000 bytes came)")


def test_a_user_of_the_web_in_the_url(tmp_path: Path, web: str) -> None:
    (file,) = find(tmp_path, f"http://shop:s3cret@{web}/private.csv")
    assert (file.name, file.origin) == ("private.csv", f"http://{web}/private.csv")


@pytest.mark.parametrize(
    ("name", "start", "remedy"),
    [
        ("403", "no permission to read {}/403.csv (403, message='Forbidden'", "or sign it anew"),
        ("private", "no permission to read {}/private.csv (401, message='Unauthorized'", "https://user:password@host/"),
        ("404", "no such bucket, folder or file: {}/404.csv (404, message='Not Found'", ""),
        ("410", "no such bucket, folder or file: {}/410.csv (410, message='Gone'", ""),
        ("500", "{}/500.csv cannot be reached (500, message='Internal Server Error'", "then run this again"),
    ],
)
@pytest.mark.parametrize("query", ["", "?key=s3cret", "?key[]=s3cret*"])
def test_a_file_on_the_web_that_cannot_be_read(
    tmp_path: Path, web: str, name: str, start: str, remedy: str, query: str
) -> None:
    with pytest.raises(SourceError) as error:
        find(tmp_path, f"HTTP://{web}/{name}.csv{query}")
    one_line(error, start.format(f"http://{web}"), remedy)


def test_a_pattern_on_the_web(tmp_path: Path, web: str) -> None:
    assert [file.origin for file in find(tmp_path, f"http://{web}/list/*.csv")] == [f"http://{web}/list/a.csv"]
    with pytest.raises(SourceError) as error:
        find(tmp_path, f"http://{web}/403/*.csv")
    one_line(error, f"no permission to read http://{web}/403/*.csv (403, message='Forbidden'")


UNREACHED = {
    "unknown protocol": (
        "s4://u:s3cret@bucket/a.csv",
        "no protocol s4:// is known; sources are",
        "Received: s4://bucket",
    ),
    "no such file": ("memory://none/a.csv", "no such bucket, folder or file: memory://none/a.csv"),
    "nothing matches": ("memory://here/*.parquet", "no .csv, .csv.gz, .csv.zst, .parquet file matches: memory://here/"),
    "no file of sales": ("memory://here/none", "the folder holds no .csv, .csv.gz, .csv.zst, .parquet file: memory://"),
    "another kind": (
        "memory://here/none/a.txt",
        "sales come as .csv, .csv.gz, .csv.zst, .parquet. Received: memory://",
    ),
    "closed port": (
        "http://u:s3cret@127.0.0.1:9/a.csv?key=s3cret",
        "http://127.0.0.1:9/a.csv cannot be reached (Cannot connect to host 127.0.0.1:9",
    ),
    "closed port, pattern": (
        "http://u:s3cret@127.0.0.1:9/*.csv",
        "http://127.0.0.1:9/*.csv cannot be reached (Cannot connect to host 127.0.0.1:9",
    ),
}


@pytest.mark.parametrize("case", UNREACHED)
def test_a_url_without_sales(tmp_path: Path, memory: fsspec.AbstractFileSystem, case: str) -> None:
    memory.pipe_file("/here/none/a.txt", b"hello")
    memory.pipe_file("/here/b.csv", b"hello")
    url, *expected = UNREACHED[case]
    with pytest.raises(SourceError) as error:
        find(tmp_path, url)
    one_line(error, *expected)


def test_a_protocol_whose_package_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = {"class": "no_such_package.Store", "err": "Install no-such-package to access it"}
    monkeypatch.setitem(known_implementations, "far", missing)
    with pytest.raises(SourceError) as error:
        find(tmp_path, "far://u:s3cret@host/a.csv")
    one_line(error, "far:// needs a package that is not installed here: Install no-such-package", "far://host/a.csv")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sftp://shop:s3cret@host:22/in/a@b.csv", "sftp://host:22/in/a@b.csv"),
        ("sftp://shop:s3/cr@et@host/in/a.csv", "sftp://host/in/a.csv"),
        ("https://t0ken@host/a.csv?sig=s3cret", "https://host/a.csv"),
        ("HTTPS://t0ken@host/a.csv?sig=s3cret", "HTTPS://host/a.csv"),
        ("s3://bucket/a@b/c?.csv", "s3://bucket/a@b/c?.csv"),
        ("s3://bucket/a.csv?X-Amz-Signature=s3cret&a=b", "s3://bucket/a.csv"),
        ("abfs://box/a.csv?sv=2024&sig=s3cret", "abfs://box/a.csv"),
        ("zip://*.csv::ftp://host/in.zip?AWSAccessKeyId=s3cret", "zip://*.csv::ftp://host/in.zip"),
        ("abfs://container@account.dfs.core.windows.net/a.csv", "abfs://container@account.dfs.core.windows.net/a.csv"),
    ],
)
def test_what_is_shown_of_a_url(url: str, shown: str) -> None:
    assert public(url) == shown
    assert public(f"cannot open {url!r} now") == f"cannot open {shown!r} now"


def test_no_client_tells_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(url: str, **_: object) -> None:
        raise OSError(f"bad\nhost in {url}: 'shop:s3cret%21', login as shop with s3cret!")

    monkeypatch.setattr(fsspec, "url_to_fs", refuse)
    with pytest.raises(SourceError) as error:
        find(tmp_path, "ftp://shop:s3cret%21@host/a.csv")
    one_line(
        error, "ftp://host/a.csv cannot be reached (bad host in ftp://", "login as shop with ***", "run this again"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_by_this_user(tmp_path: Path) -> None:
    csv(tmp_path, GOOD).chmod(0)
    with pytest.raises(SourceError) as error:
        find(tmp_path, f"local://{tmp_path}/feed.csv")
    one_line(error, "no permission to read local://")
