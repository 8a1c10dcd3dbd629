"""The report in Chromium: from a file, on a phone and a desk, light and dark; `make test-ui` runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.report.page import page
from doc_assets.store.database.connection import Store
from doc_assets.store.versions.runs import run_facts
from doc_assets_tests.support.browsing import chromium, tab
from doc_assets_tests.support.library import Library, WordModel
from doc_assets_tests.support.reported_runs import SECOND, publish_batches

pytestmark = pytest.mark.ui

WIDTHS = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 860}}


def test_the_report_opens_without_network_errors_or_faults_of_accessibility(
    shared_store: Store, tmp_path: Path
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    publish_batches(Library(shared_store, WordModel(window=256)))
    file = tmp_path / "report.html"
    file.write_text(page(run_facts(shared_store, SECOND)), encoding="utf-8")
    with chromium() as browser:
        for width, viewport in WIDTHS.items():
            for colours in ("light", "dark"):
                with tab(browser, file.as_uri(), viewport=viewport, color_scheme=colours) as opened:
                    shown = opened.open("")
                    shown.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
                    where = f"{width}, {colours}"
                    assert shown.evaluate("document.documentElement.scrollWidth") <= viewport["width"], where
                    assert shown.locator("svg[role=img]").count() == 6, where
                    assert axe.run(shown).response["violations"] == [], where
                    assert (opened.said, opened.elsewhere) == ([], []), where
                    assert shown.title().endswith("doc-assets")
