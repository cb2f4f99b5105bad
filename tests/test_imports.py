"""What import-linter's contracts cannot hold: no clock, no file and no heavy package where none belongs."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STDLIB = sys.stdlib_module_names
KNOWLEDGE = {"numpy", "scipy", "pandas", "keras", "pydantic", "ai_edge_litert", "flatbuffers", "holidays", "tasks"}
"""What tasks/forecasting may import beside the standard library."""
IO = {"pathlib", "os", "shutil", "tempfile", "socket", "subprocess", "urllib", "http", "sqlite3"}
"""What of the standard library it may not: it touches no file and no network."""
VAGUE = {"utils", "helpers", "common", "core", "base", "types", "constants"}


def modules(folder: str) -> list[Path]:
    return [path.relative_to(ROOT) for path in sorted((ROOT / folder).rglob("*.py"))]


def name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path, whole: bool = True) -> Iterator[str]:
    """Every module that a file imports; `from a import b` counts as `a.b` where that is a module.

    `whole` takes imports within functions too.
    """
    tree = ast.parse((ROOT / path).read_text())
    for node in ast.walk(tree) if whole else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level and node.module, f"{path}: relative imports hide who imports whom"
            for alias in node.names:
                deeper = ROOT.joinpath(*node.module.split("."), f"{alias.name}.py")
                package = ROOT.joinpath(*node.module.split("."), alias.name)
                is_module = deeper.exists() or package.is_dir()
                yield f"{node.module}.{alias.name}" if is_module else node.module


def is_step(path: Path) -> bool:
    """Whether a file defines a Prefect task."""
    functions = [node for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.FunctionDef)]
    decorators = [getattr(each, "func", each) for function in functions for each in function.decorator_list]
    return any(isinstance(each, ast.Name) and each.id == "task" for each in decorators)


STEPS = [path for path in modules("tasks") if is_step(path)]
FORECASTING = modules("tasks/forecasting")


def test_there_are_steps_and_knowledge() -> None:
    found = {path.stem for path in STEPS}
    assert {"ingest", "prepare", "build", "evaluate", "judge", "publish", "deliver", "score"} <= found
    assert len(FORECASTING) > 15


@pytest.mark.parametrize("path", FORECASTING, ids=str)
def test_forecasting_knows_no_prefect_and_no_files(path: Path) -> None:
    roots = {each.split(".")[0] for each in imports(path)}
    assert roots - STDLIB <= KNOWLEDGE
    # Weights.load is given a path by its caller
    assert not roots & (IO - ({"pathlib"} if path.name == "lstm.py" else set()))
    assert "keras" not in {each.split(".")[0] for each in imports(path, whole=False)}, "keras is imported lazily"


@pytest.mark.parametrize("path", FORECASTING, ids=str)
def test_forecasting_opens_no_file_and_reads_no_clock(path: Path) -> None:
    calls = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(ast.parse((ROOT / path).read_text()))
        if isinstance(node, ast.Call)
    }
    assert not calls & {"open", "write_text", "write_bytes", "read_text", "read_bytes", "mkdir", "now", "today"}


@pytest.mark.parametrize("path", STEPS, ids=str)
def test_a_step_imports_no_other_step(path: Path) -> None:
    others = {name(step) for step in STEPS} - {name(path)}
    assert not set(imports(path)) & others


@pytest.mark.parametrize("folder", ["flows", "tasks", "tests"])
def test_no_module_has_a_name_that_says_nothing(folder: str) -> None:
    assert not [path for path in modules(folder) if VAGUE & {part.removesuffix(".py") for part in path.parts}]


@pytest.mark.parametrize("package", [path for path in modules("tasks") if path.name == "__init__.py"], ids=str)
def test_a_package_imports_nothing_of_itself(package: Path) -> None:
    assert (ROOT / package).read_text() == ""


LIGHT = ["flows.cli.views", "flows.settings", "flows.cli.app"]
REQUESTS = [name(path) for path in modules("flows/preflight")]


@pytest.mark.parametrize("module", LIGHT + REQUESTS)
def test_a_view_loads_nothing_heavy(module: str) -> None:
    heavy = ("tensorflow", "keras", "great_expectations", "prefect", "altair", "apprise")
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
