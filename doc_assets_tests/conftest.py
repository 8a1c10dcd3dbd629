"""A real PostgreSQL for the tests: one embedded server per session, one fresh database per test."""

from __future__ import annotations

import atexit
import dataclasses
import fcntl
import functools
import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import alembic.util
import hypothesis
import psycopg
import pytest

from doc_assets.embedding.opening import open_embedder
from doc_assets.secrets import forget_all
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.database.embedded import embedded_url
from doc_assets.store.schema import schema
from doc_assets_tests.support import postgres_servers, services
from doc_assets_tests.support.databases import memory_folder, name_of, new_database
from doc_assets_tests.support.order import arranged

# Of the server whose databases live for a test: each one made or dropped costs a checkpoint, which nobody needs where
# no machine is to outlive its power; what processes have written outlives them all the same.
UNSAFE = ("fsync = off", "full_page_writes = off", "max_wal_size = '256MB'")

# Tests share the cores with others: random inputs are judged by what holds for them, not by the time they take.
hypothesis.settings.register_profile(
    "shared", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("shared")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take --no-skipped-services: a test whose outside program is absent then fails, as `make test-services` wants."""
    parser.addoption("--no-skipped-services", action="store_true", help="fail where an outside program is absent")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that needs an outside program, or a browser, which this machine lacks."""
    needed = [services.absent(mark.args) for mark in item.iter_markers("services")]
    for reason in [*needed, *(services.absent_for_ui() for _ in item.iter_markers("ui"))]:
        if reason:
            (pytest.fail if item.config.getoption("--no-skipped-services") else pytest.skip)(reason)


def pytest_configure() -> None:
    """Has what tests start heed signals: what was started in the background may ignore them, and pass that on."""
    for number, usual in ((signal.SIGTERM, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Spare the garbage collector what lives until the end: thousands of tests, Dagster, Kubernetes' API."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what takes long, where several processes share the tests."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if processes > 1:
        modules = [item.nodeid.partition("::")[0].removeprefix("doc_assets_tests/") for item in items]
        items[:] = [items[place] for place in arranged(modules, processes)]


@pytest.fixture(autouse=True)
def no_secret_of_another_test() -> Iterator[None]:
    """Forget what a test has learnt to mask: the next one may print it."""
    yield
    forget_all()


@pytest.fixture(scope="session", autouse=True)
def revisions_are_read_once() -> Iterator[None]:
    """Each storage of each of Dagster's instances executes the files of its 89 revisions several times: 0.3 s."""
    read, read_once = alembic.util.load_python_file, functools.cache(alembic.util.load_python_file)

    def load(folder: str, name: str) -> object:
        return (read if name == "env.py" else read_once)(folder, name)  # env.py is what alembic runs

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alembic.util, "load_python_file", load)
        yield


@pytest.fixture(scope="session")
def converted_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that holds the default model converted for OpenVINO: 15 s of CPU, once for all processes of a run."""
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "converted"
    home.mkdir(exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        settings = Settings.from_environment({"DOC_ASSETS_EMBEDDING_BACKEND": "openvino"})
        open_embedder(dataclasses.replace(settings, home=home, threads=2))
    return home


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """URL of the session's server: the embedded one, or of the programs that ``DOC_ASSETS_TEST_POSTGRES`` names."""
    if (programs := postgres_servers.chosen_programs()) is not None:
        with postgres_servers.postgres(programs) as url:
            yield url
        return
    # Not below pytest's own folder: run as root, the server has a user of its own, and every pytest that starts beside
    # this one shuts that folder to others again.
    folder = Path(tempfile.mkdtemp(prefix="doc-assets-tests-", dir=memory_folder()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # before the server's own hook, so run after it
    url = embedded_url(folder)
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in UNSAFE:
            connection.execute(f"ALTER SYSTEM SET {setting}".encode())
        connection.execute("SELECT pg_reload_conf()")
    yield url


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """Name of a database with our schema and nothing in it; to copy it takes a fifth of making the schema anew."""
    with new_database(server_url) as url:
        schema.upgrade(url)
        yield name_of(url)


@pytest.fixture
def database_url(server_url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """URL (libpq) of a database, blank without ``store``; it is dropped after the test, whoever is still connected."""
    of = request.getfixturevalue("template") if "store" in request.fixturenames else None
    with new_database(server_url, template=of) as url:
        yield url


@pytest.fixture(scope="module")
def shared_store(server_url: str, template: str) -> Iterator[Store]:
    """A store like ``store``, for what the tests of a module only read: a database and what is in it take 0.2 s."""
    with new_database(server_url, template=template) as url, Store(url) as opened:
        yield opened


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store with our schema and nothing in it, in the database of ``database_url``."""
    with Store(database_url) as opened:
        yield opened
