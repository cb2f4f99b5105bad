"""What sources name on this machine, and beside remote ones; `test_remote.py` has other places."""

import hashlib
import subprocess
import sys
from pathlib import Path

import fsspec
import pytest

from tasks.ingest.reading.source_file import SourceError, SourceFile
from tasks.ingest.reading.sources import require_usable
from tests.ingest.reading.named import GOOD, HEADER, csv, find, names


def test_a_source_is_a_file_or_a_folder_and_each_content_counts_once(tmp_path: Path) -> None:
    csv(tmp_path, HEADER + GOOD, "b.csv")
    csv(tmp_path, HEADER + GOOD, "deep/a.csv")
    csv(tmp_path, HEADER + b"2026-01-06,1,1,7\n", "deep/c.csv")
    csv(tmp_path, b"half a file", ".d.csv.123.partial")
    csv(tmp_path, b"hello", "readme.txt")
    assert names(find(tmp_path, tmp_path)) == ["b.csv", "c.csv"]
    assert names(find(tmp_path, tmp_path / "deep", tmp_path / "b.csv")) == ["a.csv", "c.csv"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("empty", r"the folder holds no \.csv, \.csv\.gz, \.csv\.zst, \.parquet file: .*/empty$"),
        ("missing.csv", r"no such file or folder: .*/missing\.csv$"),
        ("sales.xlsx", r"sales come as \.csv, \.csv\.gz, \.csv\.zst, \.parquet\. Received: .*/sales\.xlsx$"),
        ("in/*.txt", r"no \.csv, .* file matches: .*/in/\*\.txt$"),
    ],
)
def test_a_source_without_sales(tmp_path: Path, source: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    csv(tmp_path, b"PK", "sales.xlsx")
    csv(tmp_path, b"hello", "in/b.txt")
    for named in (str(tmp_path / source), (tmp_path / source).as_uri().replace("%2A", "*")):
        with pytest.raises(SourceError, match=message):
            find(tmp_path, named)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("in/*.csv", ["a.csv"]),
        ("in/?.*", ["a.csv", "b.CSV"]),
        ("i*", ["a.csv", "b.CSV", "c.csv.zst"]),
        ("**/*.zst", ["c.csv.zst"]),
        ("in", ["a.csv", "b.CSV", "c.csv.zst"]),
    ],
)
def test_a_pattern_names_files_and_folders(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    for name in ("in/a.csv", "in/b.CSV", "in/b.txt", "in/deep/er/c.csv.zst", "other.csv"):
        csv(tmp_path, name.encode(), name)
    assert names(find(tmp_path, tmp_path / pattern)) == expected
    assert names(find(tmp_path, f"file://{tmp_path}/{pattern}")) == expected


def test_a_local_file_is_read_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = csv(tmp_path, GOOD, "in/a b.csv")
    monkeypatch.chdir(tmp_path)
    sha256 = hashlib.sha256(GOOD).hexdigest()
    assert find(tmp_path, "in") == [SourceFile(Path("in/a b.csv"), sha256, "a b.csv", str(path))]
    assert find(tmp_path, path.as_uri()) == [SourceFile(path, sha256, "a b.csv", str(path))]
    assert find(tmp_path, f"file://localhost{path}") == find(tmp_path, f"FILE://{path}") == find(tmp_path, path)
    assert not (tmp_path / "fetched").exists()


def test_a_file_url_has_an_absolute_path(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"from the root: file:///folder/file\.csv\. Received: file://in/a\.csv$"):
        find(tmp_path, "file://in/a.csv")


def test_local_sources_load_no_fsspec(tmp_path: Path) -> None:
    path = csv(tmp_path, GOOD)
    names = "from tasks.ingest.reading.sources import find; from pathlib import Path"
    code = f"import sys; {names}; find([{str(path)!r}], Path(), {{}}); print('fsspec' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


def test_local_and_remote_files_of_one_name_and_one_content(tmp_path: Path, memory: fsspec.AbstractFileSystem) -> None:
    for name in ("x/a.csv", "y/a.csv", "z/a.csv"):
        memory.pipe_file(f"/{name}", GOOD if name == "z/a.csv" else name.encode())
    here = csv(tmp_path, GOOD, "a.csv")
    found = find(tmp_path, here, "memory://x", "memory://y", "memory://z", "memory://x")
    assert [file.path and file.path.read_bytes() for file in found] == [GOOD, b"x/a.csv", b"y/a.csv"]
    assert found[0].path == here
    assert [copy.origin for copy in found[0].copies] == ["memory://z/a.csv"]
    assert not found[1].copies


def test_what_can_be_used_is_known_before_anything_is_fetched(tmp_path: Path) -> None:
    require_usable([str(csv(tmp_path, GOOD)), "memory://nowhere/a.csv"])
    with pytest.raises(SourceError, match="no such file or folder"):
        require_usable([str(tmp_path / "feed.csv"), "missing.csv"])
    with pytest.raises(SourceError, match=r"no protocol s4:// is known; .* Received: s4://bucket/a\.csv$"):
        require_usable(["s4://u:s3cret@bucket/a.csv"])
