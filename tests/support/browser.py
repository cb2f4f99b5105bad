"""Pages in a real browser, as people see them: on a desk and on a phone, light and dark, with all that folds open."""

import shutil
from itertools import product
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

INSTALLED = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
needs_browser = pytest.mark.skipif(INSTALLED is None, reason="neither Chromium nor Chrome is installed")

DESK, PHONE = 1280, 390
"""Widths in pixels."""


def faults(folder: Path, pages: dict[str, str]) -> list[str]:
    """What axe-core finds serious or critical, and pages that scroll sideways.

    Args:
        folder: Where the pages are written to be opened.
        pages: HTML by name.
    """
    for name, html in pages.items():
        (folder / f"{name}.html").write_text(html)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=INSTALLED)
        looks = product(pages, (DESK, PHONE), ("light", "dark"))
        return [
            fault for name, width, scheme in looks for fault in _faults(browser, folder / f"{name}.html", width, scheme)
        ]


def _faults(browser: Browser, file: Path, width: int, scheme: str) -> list[str]:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found = [
        f"{file.name}, {width} px, {scheme}: {rule['impact']} {rule['id']}: {node['html'][:200]}"
        for rule in Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        for node in rule["nodes"]
        if rule["impact"] in ("serious", "critical")
    ]
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    return found + [f"{file.name}, {width} px: is {wide} px wide"] * (wide > width)
