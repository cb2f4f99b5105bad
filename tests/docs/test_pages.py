"""The documents: links lead somewhere, commands exist with their options, and settings.md is what the models say."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from docs.settings_page import PAGE, page
from flows.cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/**/*.md", "deployments/**/*.md", "tests/**/*.md")
    for path in ROOT.glob(pattern)
)
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def links(page: Path) -> Iterator[str]:
    for here, picture in _LINK.findall(_CODE.sub("", (ROOT / page).read_text())):
        yield here or picture


def anchors(page: Path) -> set[str]:
    """What GitHub makes of headings."""
    headings = re.findall(r"^#+ (.+)$", _CODE.sub("", page.read_text()), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


def commands(page: Path) -> list[str]:
    """Every call of shelfcast in an indented or fenced block, continued lines joined."""
    text = (ROOT / page).read_text().replace("\\\n", " ")
    blocks = [line for line in text.splitlines() if line.startswith("    ")]
    blocks += [line for block in _CODE.findall(text) for line in block.splitlines()]
    found = (re.search(r"(?:^|[\s/])(shelfcast( [^#$]*|$))", line.split("  #")[0]) for line in blocks)
    starts = re.compile(r"^\s*(\$ )?([A-Z_]+=\S+ )*(\.venv/bin/)?shelfcast\b")
    return [each.group(1) for line, each in zip(blocks, found, strict=True) if each and starts.match(line)]


CALLS = [(page, call) for page in PAGES for call in commands(page)]


def test_there_are_pages_and_commands() -> None:
    assert {"README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/concepts.md"} <= {str(page) for page in PAGES}
    assert len(CALLS) > 20


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if link.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), f"{page}: {link}"
        assert not anchor or anchor in anchors(target), f"{page}: {link}"


@pytest.mark.parametrize(("page", "call"), CALLS, ids=[f"{page}:{call[:60]}" for page, call in CALLS])
def test_every_command_can_be_given_as_it_is_written(page: Path, call: str) -> None:
    command, arguments = typer.main.get_command(app), shlex.split(call)[1:]
    while isinstance(command, TyperGroup) and arguments and arguments[0] != "--help":
        assert arguments[0] in command.commands, f"{page}: {call}"
        command, arguments = command.commands[arguments[0]], arguments[1:]
    options = {option for parameter in command.params for option in parameter.opts}
    for option in (each.partition("=")[0] for each in arguments if each.startswith("--")):
        assert option in options | {"--help"}, f"{page}: {call}"
    if not re.search(r"[\[|]", call):
        command.make_context("shelfcast", arguments)


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=str)
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"`((?:flows|tasks|tests|deployments|benchmarks|docs)/[\w./-]*)`", (ROOT / page).read_text())
    assert not [path for path in named if not (ROOT / path).exists()]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_target_of_make_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^\s+make ([a-z]+)|`make ([a-z]+)", (ROOT / page).read_text())) <= {
        pair for target in targets for pair in ((target, ""), ("", target))
    }


def test_the_settings_page_says_what_the_models_say() -> None:
    assert PAGE.read_text() == page(), "`make docs` writes it again"
