"""A real browser for tests: Debian's Chromium, watched for everything that a user would call broken."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

ROOT = Path(__file__).parents[2]
AXE = ROOT / "portal" / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = ROOT / "docs" / "guide" / "pictures"
REPORTS = ROOT / "reports" / "browser"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",  # tests run as root, for which Chromium has no sandbox
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
]
CHANGING_MS = 500
WIDE, NARROW = (1440, 900), (400, 800)
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
FAILED_FETCH = re.compile(r"Failed to load resource: the server responded with a status of (4\d\d)")
"""Chromium reports refused requests in the console by itself; tests of refusals look at the page instead."""


def chromium_program() -> str | None:
    """Return the path of Chromium, or None where it is not installed."""
    return shutil.which("chromium")


@dataclass
class Complaints:
    """What went wrong in a page without anybody seeing it: errors in the console, exceptions, blocked content."""

    seen: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.seen.append(f"exception: {error}"))
        page.on("requestfailed", self._failed)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not FAILED_FETCH.search(message.text):
            self.seen.append(f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        reason = request.failure or ""
        # A page that is left takes its streams and unfinished questions with it.
        if "ERR_ABORTED" not in reason:
            self.seen.append(f"request: {request.method} {request.url}: {reason}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser until the block ends."""
    program = chromium_program()
    assert program is not None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def window(
    browser: Browser, size: tuple[int, int] = WIDE, theme: str = "light", locale: str = "en-GB"
) -> Iterator[tuple[BrowserContext, Page]]:
    """Open a fresh window, as a person on a new computer would; complain at the end if the page had errors."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if theme == "dark" else "light",
        locale=locale,
        timezone_id="UTC",
        reduced_motion="reduce",
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    complaints = Complaints()
    complaints.watch(page)
    try:
        yield context, page
        assert not complaints.seen, complaints.seen
    except BaseException:
        _keep_evidence(page)
        raise
    finally:
        context.close()


def _keep_evidence(page: Page) -> None:
    """Leave a picture of the page as it was when a test failed."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9]+", "-", os.environ.get("PYTEST_CURRENT_TEST", "page").split(" ")[0])[-120:]
    try:
        page.screenshot(path=REPORTS / f"{name}.png", full_page=True, timeout=5000)
    except Exception as error:  # noqa: BLE001 - evidence is a courtesy; the failure itself is what counts
        (REPORTS / f"{name}.txt").write_text(str(error))


def picture(page: Page, name: str) -> None:
    """Keep a screenshot: in the reports, and as documentation when WRITE_PICTURES is set."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    file = REPORTS / f"{name}.png"
    page.screenshot(path=file)
    if os.environ.get("WRITE_PICTURES"):
        PICTURES.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, PICTURES / file.name)


# Fluent's focus management puts empty elements beside what it keeps the focus in; they are nobody's content.
_AUDIT = """tags => axe.run(
    {include: [document], exclude: [['[data-tabster-dummy]']]},
    {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']},
)"""


@cache
def _axe_source() -> str:
    return AXE.read_text(encoding="utf-8")


def accessibility_violations(page: Page) -> list[str]:
    """Audit the page as it stands with axe-core; returns a line per violation, with the elements.

    What is found is looked at again a moment later: an element that changes while it is looked at has the colours of
    one state and the role of another.
    """
    page.evaluate(_axe_source())
    found: dict[str, Any] = page.evaluate(_AUDIT, AXE_RULES)
    if found["violations"]:
        page.wait_for_timeout(CHANGING_MS)
        found = page.evaluate(_AUDIT, AXE_RULES)
    return [
        f"{violation['id']} ({violation['impact']}): {violation['help']}: "
        + json.dumps([node["target"] + [node.get("failureSummary", "")] for node in violation["nodes"][:4]])
        for violation in found["violations"]
    ]


def overflow(page: Page) -> list[str]:
    """Name what is wider than the window or cut off by it, which a person at a narrow screen could not reach."""
    return page.evaluate(
        """() => {
            const width = document.documentElement.clientWidth;
            const problems = [];
            if (document.documentElement.scrollWidth > width + 1)
                problems.push(`the page is ${document.documentElement.scrollWidth} px wide in a window of ${width}`);
            return problems;
        }"""
    )
