"""A page in a headless Chromium, for a test to use as a person would."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


@contextmanager
def opened(file: Path, fragment: str = "") -> Iterator[Any]:
    """Playwright's page of a file; when the test ends it must have met no error and no ban."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        told: list[str] = []
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("console", lambda message: told.append(message.text))
        page.on("request", lambda sent: told.append(sent.url) if _leaves(sent.url) else None)
        page.goto(file.resolve().as_uri() + fragment)
        yield page
        browser.close()
    assert told == []


def _leaves(url: str) -> bool:
    return not url.startswith(("file:", "data:"))


def column(page: Any, table: str, number: int) -> list[str]:
    """What stands in a column of a table, from 1 on, row by row."""
    return page.locator(f"{table} tbody tr > :nth-child({number})").all_inner_texts()
