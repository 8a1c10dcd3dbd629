"""Extension: a documentation type by the catalogue alone, a format by a package that is installed beside ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from doc_assets.catalogue import load_catalogue
from doc_assets.dagster.build import build_defs
from doc_assets.embedding.opening import open_embedder
from doc_assets.search.search import search
from doc_assets.store.versions import listing
from doc_assets.validation.audit import CHECKS, audit
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.loading import loader_for, settings_for

PACKAGE = ROOT / "examples" / "plugins" / "doc-assets-org"

PAGE = """\
#+TITLE: Tide Gauge Handbook
#+AUTHOR: Ada Harbour
#+DATE: 2024-05-01
#+OPTIONS: toc:nil

The *gauge* measures /sea/ levels; see [[#calibrate][how to calibrate]].

# nobody reads this
* TODO Calibrate the ~sensor~ :harbour:
:PROPERTIES:
:CUSTOM_ID: calibrate
:END:

Do it at slack water, as [[https://docs.example/slack][the table]] says.

#+begin_src sh
gauge zero --wait

gauge read *all*
#+end_src

1. Close the valve.
2. Wait for a minute.

** Limits

| Model | Range |
|-------+-------|
| A1    | 4 m   |

#+INCLUDE: "shared/warning.org"
#+INCLUDE: "../../outside.org"
#+INCLUDE: "absent.org"

* COMMENT Drafts
nobody reads this either
"""
WARNING = 'Salt water corrodes the flange.\n\n#+INCLUDE: "../page.org"\n'


def in_a_process(folder: Path, script: str, **given: object) -> dict:
    """What a fresh interpreter with the folder on its path writes as JSON; ``given`` is its variable ``given``."""
    code = f"import json, sys\ngiven = json.loads(sys.argv[1])\n{script}\nprint(json.dumps(told))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(given)],
        env=environment, capture_output=True, text=True, timeout=120, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "stderr": done.stderr}


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder with the example package in it, as pip installs it."""
    folder = tmp_path_factory.mktemp("installed")
    copy = tmp_path_factory.mktemp("copy") / PACKAGE.name  # a build leaves its files beside the source
    subprocess.run(["cp", "-r", str(PACKAGE), str(copy)], check=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
         "--disable-pip-version-check", "--root-user-action=ignore", "--target", str(folder), str(copy)],
        check=True, timeout=120,
    )  # fmt: skip
    return folder


PARSE = """
from doc_assets.document import lay_out
from doc_assets.formats import RawFile, parse
class Beside:
    def read(self, path): return given["files"].get(path, "").encode() or None
(document,) = parse(RawFile("docs/page.org", given["page"].encode(), {}, Beside()))
told = {
    "title": document.title, "format": document.format, "metadata": document.metadata, "text": lay_out(document)[0],
    "sections": [[list(s.heading_path), s.anchor, [[b.kind, b.text] for b in s.blocks]] for s in document.sections],
}
"""


def test_an_installed_format_reads_its_files_with_their_structure(installed):
    told = in_a_process(installed, PARSE, page=PAGE, files={"docs/shared/warning.org": WARNING})
    assert (told["title"], told["format"]) == ("Tide Gauge Handbook", "org")
    assert told["metadata"] == {"author": "Ada Harbour", "date": "2024-05-01"}
    first, calibrate, limits = told["sections"]
    assert first == [[], None, [["prose", "The gauge measures sea levels; see how to calibrate."]]]
    assert calibrate[:2] == [["Calibrate the `sensor`"], "calibrate"]
    assert calibrate[2] == [
        ["prose", "Do it at slack water, as the table says."],
        ["code", "gauge zero --wait\n\ngauge read *all*"],
        ["list", "1. Close the valve.\n2. Wait for a minute."],
    ]
    assert limits[:2] == [["Calibrate the `sensor`", "Limits"], None]
    assert limits[2][0] == ["table", "Model | Range\nA1 | 4 m"]
    assert "Salt water" in limits[2][1][1] and "nobody reads" not in told["text"]


def test_an_include_that_includes_its_includer_ends(installed):
    page = "#+TITLE: Loop\n\nOnce.\n\n" + '#+INCLUDE: "page.org"\n' * 50
    told = in_a_process(installed, PARSE, page=page, files={"docs/page.org": page})
    assert told["text"].count("Once.") < 10_000


LOAD = """
from pathlib import Path
from doc_assets.catalogue import load_catalogue
from doc_assets.sources.discovery import discover
from doc_assets.embedding.opening import open_tokenizer
from doc_assets.ingest.load_run import parse_tasks
from doc_assets.ingest.parse_pool import parse_file
from doc_assets.ingest.recipe import recipe_of
from doc_assets.settings import Settings
settings = Settings.from_environment({"DOC_ASSETS_HOME": given["home"]})
catalogue, tokenizer, told = load_catalogue(Path(given["catalogue"])), open_tokenizer(settings), {}
for partition in catalogue.partitions():
    found = discover(partition, catalogue, settings)
    (task,) = parse_tasks(partition, found, found.locations)
    record = parse_file(task, settings.max_file_bytes, tokenizer)
    (document,) = record.documents
    told[partition.key] = [record.outcome, document.format, len(document.chunks), record.includes]
    told["recipe"] = json.loads(recipe_of(settings, partition.source))["parsers"]
"""


def test_the_catalogue_takes_an_installed_format_by_name_and_by_itself(installed, tmp_path):
    for name, suffix in (("named", ".txt"), ("found", ".org")):
        (tmp_path / name / "shared").mkdir(parents=True)
        (tmp_path / name / f"page{suffix}").write_text(PAGE)
        (tmp_path / name / "shared" / "warning.org").write_text(WARNING)
    (tmp_path / "sources.yaml").write_text(
        "types:\n  tides:\n    sources:\n"
        "      - {name: named, kind: directory, location: named, format: org, include: [page.txt]}\n"
        "      - {name: found, kind: directory, location: found, include: [page.org]}\n"
    )
    told = in_a_process(installed, LOAD, catalogue=str(tmp_path / "sources.yaml"), home=str(tmp_path / "home"))
    assert told["recipe"]["org"] == 1
    for name in ("named", "found"):
        outcome, read_by, chunks, includes = told[name]
        assert (outcome, read_by) == ("loaded", "org") and chunks >= 1
        assert "shared/warning.org" in includes


BROKEN = {
    "unimportable": ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
    "unmakeable": ("class F:\n    def __init__(self): raise OSError('no disk')", "OSError: no disk"),
    "ending": ("raise SystemExit(3)", "SystemExit: 3"),
    "misnamed": ("class F: name = 'other'", "'name' is 'other' and not 'misnamed'"),
    "versionless": ("class F: name = 'versionless'", "'version' is None and not an integer"),
    "undotted": (
        "class F: name, version, priority, suffixes = 'undotted', 1, 0, frozenset(['txt'])",
        "not a frozenset of lower-case suffixes with their dot",
    ),
    "unreading": (
        "class F: name, version, priority, suffixes, accepts = 'unreading', 1, 0, frozenset(['.q']), print",
        "it has no method 'parse'",
    ),
    "markdown": ("class F: name = 'markdown'", "as well as by doc-assets"),
}
ASK = """
from doc_assets.errors import CatalogueError, DocumentSkipped
from doc_assets.formats import RawFile, format_versions, get_format, parse
told = {"works": format_versions(), "title": parse(RawFile("a.md", b"# Sound\\n\\nwords"))[0].title, "refused": {}}
for name in given["names"]:
    try:
        get_format(name)
    except CatalogueError as error:
        told["refused"][name] = str(error)
try:
    parse(RawFile("a.q", b"words"))
except DocumentSkipped as error:
    told["skipped"] = str(error)
"""


def test_a_broken_plug_in_is_named_and_breaks_no_other(tmp_path):
    facts = tmp_path / "tangled-1.4.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: tangled\nVersion: 1.4\n")
    points = "".join(f"{name} = tangled_{name}:F\n" for name in BROKEN)
    (facts / "entry_points.txt").write_text(f"[doc_assets.formats]\n{points}")
    for name, (code, _) in BROKEN.items():
        (tmp_path / f"tangled_{name}.py").write_text(code + "\n")
    told = in_a_process(tmp_path, ASK, names=list(BROKEN))
    assert told["title"] == "Sound"
    assert {"markdown", "rst", "html"} <= set(told["works"]) and not set(told["works"]) & (set(BROKEN) - {"markdown"})
    assert set(told["refused"]) == set(BROKEN) - {"markdown"}
    for name, (_, problem) in BROKEN.items():
        assert f"'{name}'" in told["stderr"] and "tangled 1.4" in told["stderr"] and problem in told["stderr"]
    assert all("tangled 1.4" in sentence for sentence in told["refused"].values())
    assert "no parser reads .q" in told["skipped"] and "'unreading'" in told["skipped"]


SEVENTH = """\
types:
  observability: # nothing in the program knows this name
    description: The handbook of Lanternfish, a collector of metrics
    sources:
      - {name: handbook, kind: directory, location: handbook, attributes: {product: lanternfish, version: "3.2"}}
      - {name: recipes, kind: directory, location: recipes, shards: 2}
"""
LANTERNFISH = {
    "handbook/pipelines.md": """\
---
title: Pipelines
---
# Pipelines

A Lanternfish pipeline joins one probe with any number of sinks. Backpressure from the slowest sink pauses the probe.

## Buffering

```toml
[sink.archive.buffer]
kind = "disk"
```

A disk buffer survives a restart; an ephemeral one does not.
""",
    "handbook/probes.md": "# Probes\n\nThe probe `host_pressure` reads stall information every ten seconds.\n",
    "recipes/drop-labels.md": "# Drop labels\n\nUse the transform `prune` to bring down cardinality.\n",
    "recipes/rotate.md": "# Rotate credentials\n\nLanternfish reads its token file anew on SIGHUP.\n",
    "recipes/mirror.md": "# Mirror a stream\n\nTwo sinks with one input mirror a stream.\n",
}


def test_a_seventh_type_is_an_asset_with_partitions_checks_and_jobs_by_its_catalogue_alone(tmp_path, store):
    written = tmp_path / "sources.yaml"
    written.write_text(SEVENTH)
    for path, text in LANTERNFISH.items():
        target = tmp_path / path
        target.parent.mkdir(exist_ok=True)
        target.write_text(text)
    catalogue = load_catalogue(written)
    definitions = build_defs(catalogue=catalogue)
    graph = definitions.resolve_asset_graph()
    asset = graph.get(dg.AssetKey("observability"))
    assert asset.partitions_def is not None
    assert sorted(asset.partitions_def.get_partition_keys()) == ["handbook", "recipes.1", "recipes.2"]
    assert {check.name for check in graph.asset_check_keys if check.asset_key == asset.key} == set(CHECKS)
    for job in ("migrate_observability", "validate_observability"):
        assert definitions.resolve_job_def(job).partitions_def is not None

    settings = settings_for(tmp_path, store)
    loader, _ = loader_for(settings, store)
    for partition in catalogue.partitions():
        with loader.stage(loader.survey(partition, catalogue), run_id=None) as staged:
            checks = audit(store, staged.snapshot)
            staged.publish(checks)
        assert [check.check for check in checks if check.passed] == list(CHECKS)
    with store.connect() as connection:
        live = [name for name, _ in listing.live_partitions(connection)]
    assert live == ["observability/handbook", "observability/recipes.1", "observability/recipes.2"]
    for query, expected in (("which buffer survives a restart", "pipelines.md"), ("host_pressure", "probes.md")):
        model = lambda: open_embedder(settings)  # noqa: E731 - a search by words does not call it
        best = search(store, model, query, types=["observability"], k=1, mode="text")[0]
        assert (best.doc_type, best.path) == ("observability", expected)
