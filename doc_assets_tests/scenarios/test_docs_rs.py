"""Crates from a docs.rs on this machine: formats that are too new, and crates that only re-export others."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from doc_assets.catalogue import Catalogue, load_catalogue
from doc_assets.cli.app import app
from doc_assets.errors import PublicationRefused
from doc_assets.formats.rustdoc.crate import NEWEST_VERSION
from doc_assets.ingest.loader import Loader
from doc_assets.ingest.result import LoadResult
from doc_assets.store.history import history
from doc_assets.store.versions import listing
from doc_assets.validation.audit import audit
from doc_assets_tests.support.loading import loader_for, settings_for


def crate_json(name: str, version: str, format_version: int, *uses: tuple[str, str]) -> bytes:
    """A crate with one function of its own name, and globs of the roots of others."""
    shared = {"crate_id": 0, "visibility": "public", "links": {}, "deprecation": None}
    sig = {"inputs": [], "output": None, "is_c_variadic": False}
    header = {"is_const": False, "is_unsafe": False, "is_async": False, "abi": "Rust"}
    function = {"sig": sig, "generics": {"params": [], "where_predicates": []}, "header": header, "has_body": True}
    index: dict[str, Any] = {
        "0": {"id": 0, "name": name, "docs": f"The crate {name}.", **shared,
              "inner": {"module": {"is_crate": True, "items": [1], "is_stripped": False}}},
        "1": {"id": 1, "name": f"run_{name}", "docs": f"Runs {name}.", **shared, "inner": {"function": function}},
    }  # fmt: skip
    paths, external = {}, {}
    for n, (other, root) in enumerate(uses, 10):
        held = {"source": other, "name": other, "id": n + 100, "is_glob": True}
        index[str(n)] = {"id": n, "name": None, "docs": None, **shared, "inner": {"use": held}}
        index["0"]["inner"]["module"]["items"].append(n)
        paths[str(n + 100)] = {"crate_id": n, "path": [other], "kind": "module"}
        external[str(n)] = {"name": other, "html_root_url": root}
    stated = {"root": 0, "crate_version": version, "includes_private": False, "index": index, "paths": paths}
    return json.dumps({**stated, "external_crates": external, "format_version": format_version}).encode()


class DocsRs(ThreadingHTTPServer):
    """Has a crate in several formats: the newest at ``…/json.gz``, each at ``…/json/<format>.gz``, else 404."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.files: dict[str, bytes] = {}

    def publish(self, name: str, version: str, formats: list[int], *uses: tuple[str, str]) -> None:
        for number in formats:
            data = crate_json(name, version, number, *uses)
            for asked in {version, "latest"}:
                self.files[f"/crate/{name}/{asked}/json/{number}.gz"] = data
                if number == max(formats):
                    self.files[f"/crate/{name}/{asked}/json.gz"] = data


class _Requests(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, DocsRs)
        found = server.files.get(self.path)
        body = b"" if found is None else gzip.compress(found, mtime=0)
        self.send_response(404 if found is None else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def docs_rs(monkeypatch: pytest.MonkeyPatch) -> Iterator[DocsRs]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = DocsRs()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def loader(store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loader:
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", store.url)
    monkeypatch.setenv("DOC_ASSETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DOC_ASSETS_CATALOGUE", str(tmp_path / "sources.yaml"))
    return loader_for(settings_for(tmp_path, store), store)[0]


def catalogue_of(tmp_path: Path, docs_rs: DocsRs, *crates: str) -> Catalogue:
    path = tmp_path / "sources.yaml"
    address = f"http://127.0.0.1:{docs_rs.server_port}"
    entries = "".join(f"      - {{name: {name}, kind: crate, base_address: '{address}'}}\n" for name in crates)
    path.write_text(f"types:\n  rust:\n    sources:\n{entries}")
    return load_catalogue(path)


def load(loader: Loader, catalogue: Catalogue) -> list[LoadResult]:
    results = []
    for partition in catalogue.partitions():
        with loader.stage(loader.survey(partition, catalogue), run_id="test") as staged:
            results.append(staged.publish(audit(loader.store, staged.snapshot)))
    return results


def run(*arguments: str):
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done


def test_a_format_that_is_too_new_is_warned_of_in_output_history_and_manifest(tmp_path, docs_rs, loader, store):
    newer = NEWEST_VERSION + 2
    docs_rs.publish("pool", "2.0.1", [57, newer])
    catalogue = catalogue_of(tmp_path, docs_rs, "pool")
    (result,) = load(loader, catalogue)
    (warning,) = result.warnings
    assert (
        f"pool 2.0.1: 127.0.0.1 serves rustdoc JSON of format {newer}" in warning and "format 57 of the same" in warning
    )
    assert (result.loaded, result.skipped, result.rejected, result.documents) == (1, 1, 0, 1)
    assert history.history(store)[0].counts["warnings"] == [warning]
    rows = {row.path: (row.outcome, row.reason) for row in listing.manifest(store, "rust/pool")}
    assert rows["pool-2.0.1.json"][0] == "loaded"
    outcome, reason = rows[f"pool-2.0.1.format-{newer}.json"]
    assert outcome == "skipped" and f"format {newer}, newer than {NEWEST_VERSION}" in str(reason)
    unchanged = loader.survey(catalogue.partitions()[0], catalogue).unchanged
    assert unchanged is not None and unchanged.warnings == (warning,)
    assert f"warning: rust/pool: {warning}" in run("migrate", "--dry-run").stderr
    assert json.loads(run("migrate", "--dry-run", "--json").stdout)["partitions"][0]["warnings"] == [warning]


def test_a_crate_in_no_format_that_is_read_does_not_replace_what_is_live(tmp_path, docs_rs, loader, store):
    docs_rs.publish("pool", "2.0.1", [57])
    catalogue = catalogue_of(tmp_path, docs_rs, "pool")
    load(loader, catalogue)
    docs_rs.files.clear()
    docs_rs.publish("pool", "2.0.2", [NEWEST_VERSION + 1])
    survey = loader.survey(catalogue.partitions()[0], catalogue)
    assert "keeps no older one" in survey.discovery.warnings[0]
    with loader.stage(survey, run_id="test") as staged, pytest.raises(PublicationRefused, match="would vanish"):
        staged.publish(audit(store, staged.snapshot))


def test_a_crate_that_only_re_exports_is_named_with_the_crates_to_add(tmp_path, docs_rs, loader):
    docs_rs.publish(
        "front", "4.5.1", [57], ("front_builder", "https://docs.rs/front-builder/4.5.0/"), ("front_derive", "")
    )
    docs_rs.publish("front-builder", "4.5.0", [57])
    load(loader, catalogue_of(tmp_path, docs_rs, "front"))
    said = "rust/front: crate front re-exports most of its items, so its pages only name them: add the crates that"
    for command in (["catalogue", "check"], ["migrate", "--dry-run"]):
        assert f"{said} document them to the catalogue: front-builder, front_derive" in run(*command).stderr, command
        fronts = json.loads(run(*command, "--json").stdout)["crate_fronts"]
        assert fronts == [{"partition": "rust/front", "crate": "front", "missing": ["front-builder", "front_derive"]}]
    found = json.loads(run("search", "front_builder", "--mode", "text", "--json").stdout)
    assert "all public items of crate front_builder" in found[0]["text"]
    assert "Documented in front-builder 4.5.0 https://docs.rs/front-builder/4.5.0/" in found[0]["text"]
    catalogue_of(tmp_path, docs_rs, "front", "front-builder", "front_derive")
    assert json.loads(run("catalogue", "check", "--json").stdout)["crate_fronts"] == []
