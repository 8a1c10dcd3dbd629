"""The search page in a real Chromium, over an application that this process serves."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette

from doc_assets_tests.support.services import program

# Everything that a test waits for: a busy machine takes seconds for what usually takes milliseconds.
PATIENCE_MS = 60_000
# Reports what the policy kept from happening; it is no script of the page, so the policy does not apply to it.
_REPORT = (
    "document.addEventListener('securitypolicyviolation', (e) => console.error('policy: ' + e.violatedDirective));"
)


@dataclass
class Tab:
    """A tab of the browser, and what went wrong in it.

    Attributes:
        page: Playwright's page.
        said: Errors of the console: of scripts, of the policy, of files that did not come.
        elsewhere: Addresses asked for at other servers.
    """

    page: Any
    base: str
    said: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def open(self, path: str) -> Any:
        self.page.goto(self.base + path)
        return self.page


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """Serve an application on a free port of this machine; the URL."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium that asks nobody else for anything."""
    playwright = pytest.importorskip("playwright.sync_api")
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-gpu"]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program("chromium"), args=quiet, timeout=PATIENCE_MS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def tab(browser: Any, base: str, **context: object) -> Iterator[Tab]:
    """A new tab in a context of its own, with Playwright's options for one."""
    opened = browser.new_context(**context)
    opened.add_init_script(_REPORT)
    found = Tab(opened.new_page(), base)
    found.page.set_default_timeout(PATIENCE_MS)
    found.page.on("console", lambda message: found.said.append(message.text) if message.type == "error" else None)
    found.page.on("pageerror", lambda error: found.said.append(str(error)))
    found.page.on("request", lambda asked: None if asked.url.startswith(base) else found.elsewhere.append(asked.url))
    try:
        yield found
    finally:
        opened.close()
