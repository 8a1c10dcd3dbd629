"""A loaded database, copied for each test, and an exporter in front of it whose way to the database can be shut."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from doc_assets.exporter.server import ExporterServer
from doc_assets.exporter.store_reader import StoreReader
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.schema.opening import open_store
from doc_assets_tests.support.loading import SmallSource, load, loader_for, settings_for
from doc_assets_tests.support.promql import Vector, scraped


@dataclass(frozen=True)
class Loaded:
    """A store of its own in which three guides are live, and the source that they are from."""

    store: Store
    source: SmallSource
    folder: Path

    def loader(self):
        return loader_for(settings_for(self.folder, self.store), self.store)[0]


@pytest.fixture(scope="session")
def template(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Name of a database with three guides; nobody is connected to it."""
    name = f"template_{uuid.uuid4().hex}"
    folder = tmp_path_factory.mktemp("template")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    with open_store(Settings.from_environment({"DOC_ASSETS_DATABASE_URL": url})) as store:
        source = SmallSource(folder / "source")
        source.write_guides(3)
        loader, _ = loader_for(settings_for(folder, store), store)
        load(loader, store, source)
    yield name
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def loaded(server_url: str, template: str, tmp_path: Path) -> Iterator[Loaded]:
    """A copy of the template with a source of its own that holds the same."""
    name = f"copy_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    source = SmallSource(tmp_path / "source")
    source.write_guides(3)
    yield Loaded(Store(urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))), source, tmp_path)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


class Gate:
    """A socket in front of the server's. Shut, it refuses; a frozen connection takes all and passes nothing on."""

    def __init__(self, url: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gate-"))
        self._target = f"{conninfo_to_dict(url)['host']}/.s.PGSQL.5432"
        self.url = urlunsplit(urlsplit(url)._replace(query=f"host={self.folder}"))
        self._open: list[socket.socket] = []
        self._flowing = self._flow()
        self.open()

    def open(self) -> None:
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self.folder / ".s.PGSQL.5432"))
        self._listening.listen()
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def shut(self) -> None:
        (self.folder / ".s.PGSQL.5432").unlink(missing_ok=True)
        for each in [self._listening, *self._open]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._open.clear()

    def freeze(self) -> None:
        """Every connection that is open; those made later flow."""
        self._flowing.clear()
        self._flowing = self._flow()

    def remove(self) -> None:
        self.shut()
        shutil.rmtree(self.folder)

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._target)
                self._open += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(*pair, self._flowing), daemon=True).start()

    @staticmethod
    def _flow() -> threading.Event:
        flowing = threading.Event()
        flowing.set()
        return flowing

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket, flowing: threading.Event) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                flowing.wait()
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def gate(loaded: Loaded) -> Iterator[Gate]:
    gate = Gate(loaded.store.url)
    yield gate
    gate.remove()


class Exporter:
    """A server in this process, asked over HTTP."""

    def __init__(self, url: str, *, deadline: float = 5.0, partition_limit: int = 100) -> None:
        self.reader = StoreReader(url, deadline=deadline, fresh=0.0)
        settings = Settings.from_environment({})
        self.server = ExporterServer("127.0.0.1", 0, self.reader, settings, partition_limit=partition_limit)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.server.server_port}{path}", headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the server above
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def scrape(self) -> Vector:
        status, text = self.get("/metrics")
        assert status == 200, text
        return scraped(text)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.reader.close()


@pytest.fixture
def exporter(loaded: Loaded) -> Iterator[Exporter]:
    exporter = Exporter(loaded.store.url)
    yield exporter
    exporter.close()


def value(samples: Vector, name: str, **labels: str) -> float | None:
    """The one sample of a metric that has these labels, None without one."""
    found = [v for (metric, own), v in samples.items() if metric == name and labels.items() <= dict(own).items()]
    assert len(found) <= 1, f"{name} {labels} is {len(found)} samples"
    return found[0] if found else None
