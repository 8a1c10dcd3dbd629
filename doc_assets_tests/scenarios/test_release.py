"""A release: its version, what it is built on, and the program before it on its schema and the other way round."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping

import pytest

from doc_assets import __version__
from doc_assets.store.database.connection import Store
from doc_assets.store.schema import schema
from doc_assets_tests.support import ROOT
from release.image import texts
from release.sbom import COPYLEFT, licences, reduced
from release.version import version_of

REVISIONS = "doc_assets/store/schema/alembic/versions"


@pytest.mark.parametrize(
    ("tags", "commit", "version"),
    [
        (["v1.2.0"], "abc", "1.2.0"),
        (["v1.2.0", "v1.2.0-rc1"], "abc", "1.2.0"),
        ([], "abc", "1.2.0+gabc"),
        ([], "abc.dirty", "1.2.0+gabc.dirty"),
        ([], "", "1.2.0"),
    ],
)
def test_a_tag_gives_the_version_and_without_one_the_commit_is_named(tags, commit, version):
    assert version_of("1.2.0", tags, commit) == version


def test_a_tag_of_another_version_is_an_error_that_names_both():
    with pytest.raises(ValueError, match=r"v1\.3\.0.*1\.2\.0"):
        version_of("1.2.0", ["v1.3.0"], "abc")


def test_the_changelog_knows_the_version_or_gathers_for_the_next():
    headings = [line[3:] for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")]
    assert headings[0] == "Unreleased" and headings[1].split(" - ")[0] == __version__


def test_the_list_of_what_a_release_is_built_on_holds_what_the_program_needs_and_no_tool():
    def component(name: str) -> dict[str, object]:
        return {"bom-ref": f"{name}==1", "name": name}

    document = {
        "metadata": {"component": {"bom-ref": "root"}},
        "components": [component(name) for name in ("Used_By", "below", "tool")],
        "dependencies": [
            {"ref": "Used_By==1", "dependsOn": ["below==1", "tool==1"]},
            {"ref": "below==1"},
            {"ref": "root", "dependsOn": ["Used_By==1", "tool==1"]},
            {"ref": "tool==1", "dependsOn": ["below==1"]},
        ],
    }
    kept = reduced(document, ["used-by", "below"], "1.2.0")
    assert kept["metadata"]["component"]["version"] == "1.2.0"
    assert [each["name"] for each in kept["components"]] == ["Used_By", "below"]
    assert kept["dependencies"] == [
        {"ref": "Used_By==1", "dependsOn": ["below==1"]},
        {"ref": "below==1", "dependsOn": []},
        {"ref": "root", "dependsOn": ["Used_By==1"]},
    ]


@pytest.mark.parametrize(
    ("given", "copyleft"),
    [
        ({"expression": "MPL-2.0 AND MIT"}, True),
        ({"license": {"id": "LGPL-3.0-only"}}, True),
        ({"license": {"name": "License :: OSI Approved :: GNU Library or Lesser General Public License (LGPL)"}}, True),
        ({"license": {"id": "MIT"}}, False),
        ({"license": {"name": "License :: OSI Approved :: BSD License"}}, False),
    ],
)
def test_a_copyleft_is_told_from_other_licences(given, copyleft):
    (said,) = licences({"licenses": [given]})
    assert bool(COPYLEFT.search(said)) is copyleft


@pytest.fixture
def before(tmp_path):
    """The program as it was before the schema's last revision, from git; skipped in a clone without that history."""

    def git(*arguments: str) -> bytes:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True)
        if done.returncode:
            pytest.skip(f"no history here: git {arguments[0]} says {done.stderr.decode().strip()}")
        return done.stdout

    added = git("log", "--diff-filter=A", "-1", "--format=%H", "--", f"{REVISIONS}/*.sql").decode().strip()
    with tarfile.open(fileobj=io.BytesIO(git("archive", f"{added}^", "doc_assets"))) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def test_the_program_before_the_last_revision_is_upgraded_from_and_then_refuses(before, database_url):
    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-P", "-c", "from doc_assets.cli import main; main()", *arguments],
            env=os.environ | {"DOC_ASSETS_DATABASE_URL": database_url, "PYTHONPATH": str(before)},
            cwd=before, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        return done.returncode, " ".join(done.stderr.split())

    code, said = run("db", "upgrade")
    with Store(database_url).connect() as connection:
        made = schema.revision(connection)
    assert code == 0 and made is not None and made < schema.head(), said
    assert schema.upgrade(database_url)
    with Store(database_url).connect() as connection:
        assert schema.revision(connection) == schema.head() and schema.check(connection) == []
    code, said = run("status")
    assert code == 1 and f"revision {schema.head()}" in said and "upgrade this program" in said
    assert "Traceback" not in said


def test_what_is_installed_in_an_image_is_read_from_its_layers_without_what_upper_ones_removed():
    def packed(files: Mapping[str, str | bytes]) -> bytes:
        with tarfile.open(fileobj=(out := io.BytesIO()), mode="w:gz") as archive:
            for path, content in files.items():
                held = content.encode() if isinstance(content, str) else content
                member = tarfile.TarInfo(path)
                member.size = len(held)
                archive.addfile(member, io.BytesIO(held))
        return out.getvalue()

    packages = "usr/lib/python3/site-packages"
    layers = {
        "blobs/sha256/0": packed({
            "var/lib/dpkg/status": "of the base", "etc/passwd": "", f"./{packages}/pip-1.dist-info/METADATA": "pip",
            f"{packages}/kept-1.dist-info/METADATA": "kept", "opt/site-packages/old-1.dist-info/METADATA": "old",
        }),
        "blobs/sha256/1": packed({
            f"{packages}/.wh.pip-1.dist-info": "", "var/lib/dpkg/status": "with git",
            "opt/site-packages/new-1.dist-info/METADATA": "new", "opt/site-packages/.wh..wh..opq": "",
            "opt/site-packages/new/_vendor/in-1.dist-info/METADATA": "part of new",
        }),
    }  # fmt: skip
    with tarfile.open(fileobj=io.BytesIO(packed(layers))) as archive:
        assert texts(archive, ["sha256:0", "sha256:1"]) == {
            "var/lib/dpkg/status": "with git",
            f"{packages}/kept-1.dist-info/METADATA": "kept",
            "opt/site-packages/new-1.dist-info/METADATA": "new",
        }
