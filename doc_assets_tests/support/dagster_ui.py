"""Dagster's UI over a store of a test, as ``dagster dev`` starts it, and a person's ways through it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from doc_assets_tests.support import ROOT

# A busy machine starts a run in a minute.
PATIENCE_SECONDS = 400.0


@dataclass
class DagsterUi:
    """A page of the UI, and the folder of the sources that it loads."""

    page: Any
    base: str
    docs: Path
    pictures: Path

    def open(self, path: str, text: str) -> None:
        """Open a page and wait for a text on it."""
        self.page.goto(self.base + path)
        self.page.get_by_text(text).first.wait_for()

    def picture(self, name: str) -> None:
        """Keep what is on the screen; output of the test, and where docs/images has its pictures from."""
        self.page.screenshot(path=self.pictures / f"{name}.png")

    def text(self) -> str:
        return self.page.locator("body").inner_text()

    def item(self, text: str) -> Any:
        """An entry of a list."""
        return self.page.locator(f"span:text-is('{text}'):visible").last

    def entry(self, text: str) -> Any:
        """An entry of a menu or dialog, not of the page behind it."""
        return self.page.locator(f".dagster-portal span:text-is('{text}'):visible").last

    def button(self, name: str, *, exact: bool = False) -> Any:
        return self.page.get_by_role("button", name=name, exact=exact)

    def materialize(self, asset: str, *partitions: str, which: str = "Custom") -> None:
        """Start runs from an asset's page: of these partitions, or of ``All``, ``Failed`` or ``Missing`` ones."""
        self.open(f"/assets/{asset}", "Materialize")
        self.button("Materialize").first.click()
        if partitions:
            self.page.get_by_text("Select a partition or create one").first.click()
            for partition in partitions:
                self.entry(partition).click()
            self.page.get_by_text("Launch runs to materialize").click()
        else:
            self.button(which, exact=True).click()
        self._launch("Launch")

    def launch(self, job: str, partition: str, config: str) -> None:
        """Start a run from the launchpad of a job."""
        self.open(f"/locations/doc_assets.definitions/jobs/{job}/playground", "Launch Run")
        choice = self.page.get_by_placeholder("Partition")
        choice.click()
        choice.fill(partition)
        self.item(partition).click()  # of a menu, which here is in no portal of a dialog
        self.page.locator(".CodeMirror").first.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(config)
        self.page.get_by_text("No errors").wait_for()
        self.picture("launchpad")
        self._launch("Launch Run")

    def _launch(self, button: str) -> None:
        """Press the button, and wait until the UI has handed it over."""
        with self.page.expect_response(lambda answer: "graphql" in answer.url and _launches(answer.request)):
            self.button(button).last.click()

    def until(self, text: str, path: str | None = None) -> str:
        """Look at the page, opened anew each time if ``path`` is given, until it says this; what it says then."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if path is not None:
                self.page.goto(self.base + path)
                self.page.wait_for_load_state("networkidle")
            if text in (said := self.text()):
                return said
            self.page.wait_for_timeout(2_000)
        raise AssertionError(f"{text!r} did not come: {self.text()[-2_000:]}")

    def open_newest_run(self, path: str = "/runs") -> str:
        """Open the page of the newest run of a list; its address."""
        self.open(path, "Created at")
        self.page.locator("a[href^='/runs/']:visible").filter(has_not_text="View").first.click()
        self.page.get_by_text("TIMESTAMP").first.wait_for()
        return self.page.url.removeprefix(self.base)


def _launches(request: Any) -> bool:
    body = request.post_data or ""
    return "mutation Launch" in body


@contextmanager
def dagster_dev(folder: Path, database_url: str, types: dict[str, dict], models: Path) -> Iterator[str]:
    """``dagster dev`` over a catalogue, with models that are converted already; its address."""
    home = folder / "dagster"
    home.mkdir()
    shutil.copy(ROOT / "dagster.yaml", home)
    (folder / "sources.yaml").write_text(yaml.safe_dump({"types": types}))
    port = _free_port()
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(home),
        "DOC_ASSETS_HOME": str(folder / "home"),
        "DOC_ASSETS_CATALOGUE": str(folder / "sources.yaml"),
        "DOC_ASSETS_DATABASE_URL": database_url,
        "DOC_ASSETS_CONVERTED_MODELS": str(models),
        "DOC_ASSETS_THREADS": "1",
        "PYTHONPATH": str(ROOT),
    }
    with (folder / "dagster.log").open("wb") as log:
        command = [sys.executable, "-m", "dagster", "dev", "-h", "127.0.0.1", "-p", str(port)]
        # A group of its own, and Ctrl-C as a terminal leaves it: what starts in the background ignores it.
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        try:
            base = f"http://127.0.0.1:{port}"
            _wait_for(base, process, folder / "dagster.log")
            yield base
        finally:
            process.send_signal(signal.SIGINT)  # which ends its web server, daemon and code server
            with suppress(subprocess.TimeoutExpired):
                process.wait(60)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _wait_for(base: str, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            httpx.get(f"{base}/server_info", timeout=10).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.5)
        else:
            return
    raise AssertionError(log.read_text()[-3_000:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
