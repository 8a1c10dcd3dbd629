"""Dagster's UI in Chromium, tried as a person would; `make test-ui` runs it. Each test has a type of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from doc_assets_tests.support.browsing import chromium, tab
from doc_assets_tests.support.dagster_ui import PATIENCE_SECONDS, DagsterUi, dagster_dev
from doc_assets_tests.support.databases import new_database

# A run takes half a minute on a quiet machine with two cores, most of it to import and to open the model.
pytestmark = [pytest.mark.ui, pytest.mark.timeout(6 * PATIENCE_SECONDS)]

SOURCES = {"guides": ["alpha"], "notes": ["one", "two", "absent"], "manuals": ["long"]}
SCREEN = {"width": 1280, "height": 800}


def write(folder: Path, pages: range) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for i in pages:
        (folder / f"page{i}.md").write_text(
            f"# Page {i} of {folder.name}\n\nHow {folder.name} retries a request that failed {i} times, and why it "
            f"waits longer each time.\n\n## Budget\n\nThe budget is {i} percent of all requests.\n"
        )


@pytest.fixture(scope="module")
def ui(
    server_url: str, template: str, converted_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DagsterUi]:
    folder = tmp_path_factory.mktemp("ui")
    docs, pictures = folder / "docs", folder / "pictures"
    pictures.mkdir()
    types: dict[str, dict] = {}
    for doc_type, names in SOURCES.items():
        for name in names:
            if name != "absent":
                write(docs / doc_type / name, range(1, 400 if name == "long" else 4))
        types[doc_type] = {
            "description": f"The {doc_type} of Lanternfish",
            "owners": ["team:docs"],
            "sources": [{"name": name, "kind": "directory", "location": f"docs/{doc_type}/{name}"} for name in names],
        }
    with (
        new_database(server_url, template=template) as url,
        dagster_dev(folder, url, types, converted_home / "models") as base,
        chromium() as browser,
        tab(browser, base, viewport=SCREEN) as opened,
    ):
        yield DagsterUi(opened.page, base, docs, pictures)


def test_a_partition_is_loaded_watched_read_rolled_back_and_checked(ui: DagsterUi) -> None:
    ui.materialize("guides", "alpha")
    run = ui.open_newest_run()
    assert "guides" in ui.text()
    ui.until("RUN_SUCCESS", run)

    ui.open("/assets/guides", "Latest materialization")
    said = ui.until("so far")  # the last heading of the report
    for expected in ("page1.md", "Page 1 of alpha", "doc-assets rollback guides/alpha", "Row count", "docs"):
        assert expected in said
    ui.picture("asset")
    ui.page.get_by_text("Plots").first.click()
    ui.page.locator("canvas").first.wait_for()
    assert "dagster/row_count" in ui.text() and "chunks" in ui.text()

    ui.open("/assets/guides?view=checks", "Execute all")
    said = ui.until("Evaluation result")
    assert "Passed" in said and "Failed" not in said
    ui.picture("checks")

    write(ui.docs / "guides" / "alpha", range(4, 6))
    ui.materialize("guides", "alpha")
    ui.until("RUN_SUCCESS", ui.open_newest_run())
    ui.launch("migrate_guides", "alpha", "{ops: {guides: {config: {snapshot: previous}}}}")
    said = ui.until("RUN_SUCCESS", ui.open_newest_run("/locations/doc_assets.definitions/jobs/migrate_guides/runs"))
    assert "rolled_back_from" in said
    ui.page.goto(f"{ui.base}/assets/guides?view=partitions&partition=alpha")
    ui.until("rolled_back_from")

    ui.open("/assets/guides?view=checks", "Execute all")
    ui.button("Execute all").click()
    ui.until("Running")
    ui.until("RUN_SUCCESS", ui.open_newest_run())
    assert "ASSET_MATERIALIZATION" not in ui.text(), "checks alone load nothing"


def test_a_backfill_says_within_two_clicks_why_a_partition_failed_and_what_failed_is_filled_alone(
    ui: DagsterUi,
) -> None:
    ui.materialize("notes", which="All")
    ui.until("Failed (1)", "/assets/notes?view=partitions")
    ui.until("Materialized (2)", "/assets/notes?view=partitions")
    ui.item("absent").click()  # the first click
    ui.page.get_by_text("did not materialize this asset").wait_for()
    ui.picture("failed-partition")
    ui.page.locator("a[href*='/runs/']:visible").first.click()  # the second
    ui.until("absent does not exist: mend 'location'")
    ui.picture("failure")

    write(ui.docs / "notes" / "absent", range(1, 3))
    ui.materialize("notes", which="Failed")
    ui.until("Materialized (3)", "/assets/notes?view=partitions")


def test_a_run_is_cancelled_and_repeated(ui: DagsterUi) -> None:
    ui.materialize("manuals", "long")
    run = ui.open_newest_run()
    ui.until("STEP_START", run)
    ui.button("Terminate").first.click()
    ui.button("Terminate 1 run").click()
    ui.until("RUN_CANCELED", run)
    ui.button("Re-execute all").first.click()
    ui.page.wait_for_url(lambda url: "/runs/" in url and not url.endswith(run))
    ui.until("RUN_SUCCESS")
