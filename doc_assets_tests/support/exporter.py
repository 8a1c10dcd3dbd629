"""An exporter asked over HTTP, a loaded store behind it, and a way to the database that can be shut."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from psycopg.conninfo import conninfo_to_dict

from doc_assets.exporter.server import ExporterServer
from doc_assets.exporter.store_reader import StoreReader
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.loading import SmallSource, loader_for, settings_for
from doc_assets_tests.support.promql import Vector, scraped


@dataclass(frozen=True)
class Loaded:
    """A store of its own in which three guides are live, and the source that they are from."""

    store: Store
    source: SmallSource
    folder: Path

    def loader(self):
        return loader_for(settings_for(self.folder, self.store), self.store)[0]


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


class Exporter:
    """A server in this process, asked over HTTP."""

    def __init__(
        self, url: str, *, deadline: float = 5.0, partition_limit: int = 100, catalogue: Path = Path("/absent")
    ) -> None:
        self.reader = StoreReader(url, deadline=deadline, fresh=0.0)
        settings = Settings.from_environment({"DOC_ASSETS_CATALOGUE": str(catalogue)})
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


def value(samples: Vector, name: str, **labels: str) -> float | None:
    """The one sample of a metric that has these labels, None without one."""
    found = [v for (metric, own), v in samples.items() if metric == name and labels.items() <= dict(own).items()]
    assert len(found) <= 1, f"{name} {labels} is {len(found)} samples"
    return found[0] if found else None
