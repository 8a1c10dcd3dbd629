"""What the image is built from and how: the Containerfile, what .dockerignore lets in, and `make image`.

No engine is needed: the files are read as text. That the image works is tried by its own build, in its last stage.
"""

import contextlib
import hashlib
import io
import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import warnings
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from unittest.mock import create_autospec

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from doc_assets import __version__
from doc_assets.embedding import opening
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.space import model_folder
from doc_assets.settings import Settings
from doc_assets_tests.support import ROOT
from release.sbom import distributions

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@dataclass(frozen=True)
class Stage:
    name: str
    base: str
    steps: tuple[tuple[str, str], ...]  # the instruction, and the rest of its line

    def all(self, instruction):
        return [rest for word, rest in self.steps if word == instruction]

    def environment(self):
        return dict(pair.split("=", 1) for rest in self.all("ENV") for pair in shlex.split(rest))

    def labels(self):
        return dict(pair.split("=", 1) for rest in self.all("LABEL") for pair in shlex.split(rest))

    def copies(self):
        """What each COPY takes: the stage it takes it from, or None for the checkout, and the paths."""
        for rest in self.all("COPY"):
            flags = [word for word in rest.split() if word.startswith("--")]
            *taken, _ = [word for word in rest.split() if not word.startswith("--")]
            sources = [flag.removeprefix("--from=") for flag in flags if flag.startswith("--from=")]
            yield (sources[0] if sources else None), taken


def read_containerfile():
    """The instructions before the first stage, and the stages."""
    text = (ROOT / "Containerfile").read_text()
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ").splitlines()
    steps = [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]
    starts = [index for index, (word, _) in enumerate(steps) if word == "FROM"]
    stages = []
    for start, end in zip(starts, [*starts[1:], len(steps)], strict=True):
        base, *alias = steps[start][1].split()
        stages.append(Stage(alias[1] if alias else "", base, tuple(steps[start + 1 : end])))
    return steps[: starts[0]], stages


GLOBAL, STAGES = read_containerfile()
BY_NAME = {stage.name: stage for stage in STAGES}
IMAGE = STAGES[-1]
# What ends up in the image is what these two did; the others are only copied from.
FINAL = [BY_NAME[IMAGE.base], IMAGE]


def patterns():
    return [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]


def gets_in(path):
    """Whether the build sees this path: the last pattern that matches it or a folder above it decides."""
    parts = path.split("/")
    prefixes = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
    seen = True
    for pattern in patterns():
        expression = re.escape(pattern.removeprefix("!")).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
        if any(re.fullmatch(expression, prefix) for prefix in prefixes):
            seen = pattern.startswith("!")
    return seen


def files_below(folder):
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return sorted(
        path.relative_to(ROOT).as_posix() for path in found if "__pycache__" not in path.parts and path.suffix != ".pyc"
    )


def test_each_stage_starts_from_the_base_or_from_an_earlier_stage():
    assert len(STAGES) >= 3
    for index, stage in enumerate(STAGES):
        assert stage.base == "${BASE}" or stage.base in {earlier.name for earlier in STAGES[:index]}
        assert {source for source, _ in stage.copies() if source} <= {earlier.name for earlier in STAGES[:index]}


def test_the_base_is_an_argument_whose_default_names_a_python_and_no_moving_tag():
    assert GLOBAL == [("ARG", "BASE=docker.io/library/python:3.11-slim")]


def test_the_last_stage_neither_compiles_nor_installs_python_packages():
    run = " ".join(rest for stage in FINAL for rest in stage.all("RUN"))
    assert not re.search(r"\b(pip|gcc|g\+\+|build-essential|curl|wget|python3\.11-venv)\s+(install|-)", run)
    installed = re.findall(r"apt-get install ((?:--\S+ +)*)([^&]*)", run)
    assert [set(packages.split()) for _, packages in installed] == [
        {"ca-certificates", "git", "git-lfs", "openssh-client", "tini"}
    ]
    assert all("--no-install-recommends" in flags for flags, _ in installed)
    assert "rm -rf /var/lib/apt/lists/*" in run


def test_the_image_runs_as_a_user_that_is_not_root_from_files_that_it_cannot_change():
    users = [index for index, (word, _) in enumerate(IMAGE.steps) if word == "USER"]
    assert [IMAGE.steps[index][1] for index in users] == ["10001:10001"]
    assert all(word != "COPY" for word, _ in IMAGE.steps[users[0] :])
    assert not any("--chown" in rest or "--chmod" in rest for rest in IMAGE.all("COPY"))
    assert "chmod a-s" in " ".join(BY_NAME["system"].all("RUN"))
    assert "go-w" in " ".join(BY_NAME["dependencies"].all("RUN"))
    assert "go-w" in BY_NAME["project"].all("RUN")[-1]


def test_whatever_is_written_goes_where_a_volume_is():
    environment = IMAGE.environment()
    assert environment["HOME"] == environment["DOC_ASSETS_HOME"] == "/var/lib/doc-assets"
    assert environment["DAGSTER_HOME"] == "/opt/dagster/dagster_home"
    assert environment["DOC_ASSETS_CATALOGUE"] == "/etc/doc-assets/sources.yaml"
    assert (
        environment["PYTHONDONTWRITEBYTECODE"]
        == environment["PYTHONUNBUFFERED"]
        == environment["HF_HUB_OFFLINE"]
        == "1"
    )
    assert environment["PATH"].startswith("/opt/doc-assets/venv/bin:")
    assert not IMAGE.all("VOLUME"), "an image's own volume has no size limit"


def test_a_container_runs_its_arguments_under_an_init_that_forwards_signals():
    assert json.loads(IMAGE.all("ENTRYPOINT")[-1]) == ["tini", "--"]
    assert json.loads(IMAGE.all("CMD")[-1]) == ["doc-assets", "--help"]
    assert IMAGE.all("STOPSIGNAL") == ["SIGTERM"]


def test_no_secret_can_stay_in_the_image():
    names = [rest.split("=")[0] for stage in STAGES for rest in stage.all("ARG")]
    names += [name for stage in STAGES for name in stage.environment()]
    assert not [name for name in names if re.search("TOKEN|PASSW|SECRET|CREDENTIAL|_KEY|PIP_|INDEX_URL|USER", name)]
    for stage in STAGES:
        assert not any("@" in rest for rest in stage.all("ARG"))
        for rest in stage.all("RUN"):
            if "/pip --python" in rest:
                assert "--mount=type=secret,id=pip.conf,target=/etc/pip.conf" in rest
            if "apt-get update" in rest:
                assert "--mount=type=secret,id=apt.conf" in rest
        assert not any(re.search("pip.conf|netrc|[.]pypirc|id_rsa", rest) for rest in stage.all("COPY"))


def test_an_edit_of_our_code_installs_no_dependency_again():
    for name in ("system", "dependencies"):
        taken = {path for source, paths in BY_NAME[name].copies() if source is None for path in paths}
        assert taken <= {"constraints.txt"}
    assert list(BY_NAME["requirements"].copies()) == [(None, ["pyproject.toml"])]
    arguments = [index for index, (word, _) in enumerate(IMAGE.steps) if word == "ARG"]
    assert all(word in ("ARG", "LABEL") for word, _ in IMAGE.steps[arguments[0] :]), "a commit's labels come last"


def test_the_labels_say_what_pyproject_says():
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in IMAGE.labels().items()}
    assert labels["title"] == PROJECT["name"]
    assert labels["description"] == PROJECT["description"]
    assert labels["licenses"] == PROJECT["license"]
    arguments = {rest.split("=")[0] for rest in IMAGE.all("ARG")}
    for name, argument in {
        "version": "VERSION",
        "revision": "REVISION",
        "created": "CREATED",
        "source": "SOURCE",
        "base.name": "BASE",
    }.items():
        assert labels[name] == f"${{{argument}}}" and argument in arguments


def test_the_weights_that_the_build_insists_on_are_those_of_the_tests():
    (expected,) = [
        rest.split("=")[1] for rest in BY_NAME["dependencies"].all("ARG") if rest.startswith("MODEL_SHA256=")
    ]
    weights = model_folder(Settings(home=Path(), catalogue=Path())) / "model.safetensors"
    with weights.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == expected


def test_what_converts_the_model_is_all_that_the_conversion_imports(tmp_path):
    """Fewer files would not do, and with all of them an edit anywhere would move a layer of 90 MB."""
    taken = [path for source, paths in BY_NAME["converted"].copies() if source is None for path in paths]
    assert 0 < len(taken) < 8
    for path in taken:
        copy = shutil.copytree if (ROOT / path).is_dir() else shutil.copy
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / path, tmp_path / path)
    program = (
        "import sys, doc_assets.embedding.backends.openvino\n"
        "from doc_assets.embedding.space import describe_space as space\n"
        "from doc_assets.settings import Settings; space(Settings.from_environment())\n"
        "print(*[module.__file__ for name, module in sys.modules.items() if name.startswith('doc_assets')])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    imported = [Path(file) for file in done.stdout.split()]
    assert imported, done.stderr
    assert [file for file in imported if not file.is_relative_to(tmp_path)] == []
    (target,) = [rest.split()[-1] for rest in IMAGE.all("COPY") if "--from=converted" in rest]
    assert IMAGE.environment()["DOC_ASSETS_CONVERTED_MODELS"] == target


def test_what_the_build_tries_of_the_model_is_called_as_this_code_has_it(monkeypatch):
    model = create_autospec(Embedder, instance=True)
    monkeypatch.setattr(opening, "open_embedder", lambda _settings: model)
    (tried,) = [rest for rest in IMAGE.all("RUN") if "open_embedder" in rest]
    (program,) = re.findall(r'python -c "([^"]*open_embedder[^"]*)"', tried)
    exec(program, {})  # noqa: S102 - the Containerfile's own
    model.embed.assert_called_once()


def requirements_of_the_image(monkeypatch, **environment):
    """What the Containerfile's own program reads from pyproject.toml."""
    (stage,) = [rest for rest in BY_NAME["requirements"].all("RUN") if "tomllib" in rest]
    _, _, program, *_ = shlex.split(stage)
    (extras,) = BY_NAME["requirements"].all("ARG")
    for name, value in (environment or dict([extras.split("=")])).items():
        monkeypatch.setenv(name, value)
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # The file is closed by the end of that process.
        exec(program.replace("/src/", f"{ROOT}/"), {})  # noqa: S102 - the Containerfile's own
    return out.getvalue().splitlines()


def test_every_distribution_that_gets_into_the_image_is_pinned(monkeypatch):
    brought = requirements_of_the_image(monkeypatch)
    assert brought == PROJECT["dependencies"] + PROJECT["optional-dependencies"]["pdf"]
    assert_pinned(brought)


def test_extras_of_the_image_can_be_left_out_or_others_named(monkeypatch):
    assert requirements_of_the_image(monkeypatch, EXTRAS="") == PROJECT["dependencies"]
    two = requirements_of_the_image(monkeypatch, EXTRAS="pdf dg")
    assert two[len(PROJECT["dependencies"]) :] == [
        *PROJECT["optional-dependencies"]["pdf"],
        *PROJECT["optional-dependencies"]["dg"],
    ]
    assert "EXTRAS=pdf dg" in build_command("CONTAINER=buildah", "EXTRAS=pdf dg")


def test_what_is_pinned_is_what_make_installs_and_nothing_else():
    """The pins are installed by uv without asking what depends on what, and pip must then have nothing to add."""
    always, _, _ = (ROOT / "constraints.txt").read_text().partition("#")
    names = {canonicalize_name(line.split("==")[0]) for line in always.splitlines()}
    assert assert_pinned([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]) == names


def test_what_is_pinned_runs_on_the_first_release_of_the_oldest_python():
    """Debian 12 has 3.11.2; one package that asks for 3.11.5 leaves it without all."""
    oldest = PROJECT["requires-python"].removeprefix(">=").partition(",")[0] + ".0"
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {canonicalize_name(line.split("==")[0]) for line in lines}
    installed = [one.metadata for one in metadata.distributions() if canonicalize_name(one.name) in pinned]
    assert installed
    assert [m["Name"] for m in installed if oldest not in SpecifierSet(m["Requires-Python"] or "")] == []


def assert_pinned(requirements):
    """Hold that constraints.txt has the versions of all that they need, and return the names."""
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    pinned = {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}
    # A build of torch says which one it is behind a plus; the pin admits all of them.
    installed = {name: version.split("+")[0] for name, version in distributions(requirements).items()}
    assert {name: pinned.get(canonicalize_name(name)) for name in installed} == installed
    return installed.keys()


def test_what_the_build_copies_exists_and_is_let_in():
    taken = {path for stage in STAGES for source, paths in stage.copies() if source is None for path in paths}
    assert taken
    for path in taken:
        assert (ROOT / path).exists() and gets_in(path), path
        assert all(gets_in(file) for file in files_below(path)), path


def test_nothing_else_of_a_checkout_is_let_in():
    allowed = {"pyproject.toml", "constraints.txt", "README.md", "LICENSE", "dagster.yaml", "doc_assets", "examples"}
    assert {path.name for path in ROOT.iterdir() if gets_in(path.name)} == allowed


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".venv/bin/python",
        ".doc-assets/postgres/postgresql.conf",
        ".env",
        "pip.conf",
        "id_rsa",
        "kubeconfig",
        "sources.mine.yaml",
        "doc_assets_tests/conftest.py",
        "doc_assets.egg-info/PKG-INFO",
        "doc_assets/.env",
        "doc_assets/store/__pycache__/session.cpython-311.pyc",
        "examples/.git/config",
        "examples/rust/.netrc",
        "docs/image.md",
        "build/lib/doc_assets/cli.py",
    ],
)
def test_secrets_caches_and_leftovers_are_kept_out(path):
    assert not gets_in(path)


def test_every_file_of_the_package_is_installed_with_it():
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["doc_assets"]
    installed = {path for pattern in data for path in (ROOT / "doc_assets").glob(pattern)}
    for file in files_below("doc_assets"):
        assert file.endswith(".py") or ROOT / file in installed, file


def make_image(*variables, dry=True, **environment):
    return subprocess.run(
        ["make", *(["-n"] if dry else []), "image", *variables],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=30,
    )


def build_command(*variables, **environment):
    done = make_image(*variables, **environment)
    assert done.returncode == 0, done.stderr
    (command,) = [line for line in done.stdout.replace("\\\n", " ").splitlines() if " build " in line]
    return shlex.split(command)


def test_make_image_composes_the_command_of_the_engine_named():
    command = build_command(
        "CONTAINER=podman", "BASE=registry.example/python@sha256:00", "BUILD_ARGS=--secret id=pip.conf,src=p"
    )
    assert command[:6] == ["DOCKER_BUILDKIT=1", "podman", "build", "-f", "Containerfile", "-t"]
    assert command[6] == "doc-assets:dev" and command[-1] == "."
    assert command[command.index("--secret") + 1] == "id=pip.conf,src=p"
    arguments = dict(word.split("=", 1) for flag, word in itertools.pairwise(command) if flag == "--build-arg")
    assert arguments["BASE"] == "registry.example/python@sha256:00"
    assert arguments["VERSION"].split("+")[0] == __version__
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", arguments["CREATED"])
    assert "TORCH_INDEX" not in arguments, "the Containerfile's own default"


def test_an_index_for_torch_can_be_named_or_left_out():
    assert "TORCH_INDEX=" in build_command("CONTAINER=buildah", "TORCH_INDEX=")
    assert "TORCH_INDEX=https://t.example/cu126" in build_command(
        "CONTAINER=docker", "TORCH_INDEX=https://t.example/cu126"
    )


def test_only_engines_that_know_the_flag_are_given_a_time():
    assert "--timestamp" in build_command("CONTAINER=/usr/bin/buildah")
    docker = build_command("CONTAINER=docker")
    assert "--timestamp" not in docker and any(word.startswith("SOURCE_DATE_EPOCH=") for word in docker)


def test_a_password_in_the_address_of_the_repository_stays_out_of_the_label():
    address = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "remote.origin.url"}
    command = build_command(
        "CONTAINER=podman", **address, GIT_CONFIG_VALUE_0="https://me:hunter2@git.example/doc-assets"
    )
    assert "SOURCE=https://git.example/doc-assets" in command


def test_without_an_engine_make_image_says_what_to_install():
    done = make_image("CONTAINER=", dry=False)
    assert done.returncode != 0
    assert "install one" in done.stderr and "podman" in done.stderr
