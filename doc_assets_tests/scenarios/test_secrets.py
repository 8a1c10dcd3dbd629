"""A secret stands in no output, whichever way fails: endpoint, download, git, database, proxy."""

from __future__ import annotations

import functools
import html
import io
import json
import logging
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, quote_plus

import dagster as dg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from doc_assets.catalogue import ArchiveSource, GitSource, load_catalogue
from doc_assets.cli.output import print_error
from doc_assets.dagster.failures import errors_as_failures
from doc_assets.embedding.backends.http import HttpEmbedder
from doc_assets.embedding.opening import open_tokenizers
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace, describe_space
from doc_assets.embedding.tokenizer import Tokenizers
from doc_assets.errors import DocAssetsError
from doc_assets.ingest.load_history import recording_failures
from doc_assets.job_progress.job_annotations import cut
from doc_assets.runtime import log_context, masked_output, termination_message
from doc_assets.settings import LogSettings, Settings
from doc_assets.sources.fetch import fetch
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.upstream_revision import revision_of
from doc_assets.store.database.connection import Store
from doc_assets.store.database.url import database_url
from doc_assets_tests.support.echoing import EchoingServer, echoing_database
from doc_assets_tests.support.git_upstream import needs_git
from doc_assets_tests.support.random_secrets import secrets, tokens
from doc_assets_tests.support.servers import running

# Resolves nowhere, and no proxy is asked for 127.0.0.1.
ELSEWHERE = "docs.example.test"
SETTINGS = Settings.from_environment({})


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@functools.cache
def space_and_tokenizers() -> tuple[EmbeddingSpace, Tokenizers]:
    return describe_space(SETTINGS), open_tokenizers(SETTINGS)


def endpoint(url: str, key: str | None) -> None:
    HttpEmbedder(*space_and_tokenizers(), url, key, attempts=2, sleep=lambda _: None).embed(["a"], Role.DOCUMENT)


def with_key(secret: str, server: EchoingServer, _folder: Path) -> None:
    endpoint(f"http://{server.host}/embed", secret)


def with_login_in_the_address(secret: str, server: EchoingServer, _folder: Path) -> None:
    endpoint(f"http://robot:{quote(secret, safe='')}@{server.host}/embed", None)


def with_parameter(secret: str, server: EchoingServer, _folder: Path) -> None:
    endpoint(f"http://{server.host}/v1/embeddings?code={quote_plus(secret)}", None)


def credentials(folder: Path, **values: str) -> FetchOptions:
    for key, value in values.items():
        (folder / f"house.{key}").write_text(value)
    return FetchOptions(folder)


def archive(folder: Path, location: str, options: FetchOptions | None = None) -> None:
    source = ArchiveSource(name="a", kind="archive", location=location, credentials="house" if options else None)
    assert revision_of(source, folder, options or FetchOptions()) is None
    fetch(source, base=folder, cache=folder / "cache", options=options)


def git(folder: Path, location: str, options: FetchOptions | None = None) -> None:
    source = GitSource(name="g", kind="git", location=location, credentials="house" if options else None)
    assert revision_of(source, folder, options or FetchOptions()) is None
    fetch(source, base=folder, cache=folder / "cache", options=options)


def download_with_token(secret: str, server: EchoingServer, folder: Path) -> None:
    archive(folder, f"http://{server.host}/a.tar", credentials(folder, token=f" {secret} \n"))


def download_with_password(secret: str, server: EchoingServer, folder: Path) -> None:
    archive(folder, f"http://{server.host}/a.tar", credentials(folder, username="robot", password=f"{secret}\n"))


def download_from_signed_address(secret: str, server: EchoingServer, folder: Path) -> None:
    archive(folder, f"http://{server.host}/a.tar?X-Signature={quote(secret, safe='')}")


def git_with_password(secret: str, server: EchoingServer, folder: Path) -> None:
    git(folder, f"http://{server.host}/a.git", credentials(folder, username="robot", password=secret))


def git_with_login_in_the_address(secret: str, server: EchoingServer, folder: Path) -> None:
    git(folder, f"http://robot:{quote(secret, safe='')}@{server.host}/a.git")


def database(secret: str, _server: EchoingServer, _folder: Path) -> None:
    with echoing_database() as port:
        url = f"postgresql://robot:{quote(secret, safe='')}@127.0.0.1:{port}/docs?sslmode=disable"
        Store(database_url(Settings.from_environment({"DOC_ASSETS_DATABASE_URL": url}))).connect()


@contextmanager
def proxied(secret: str, server: EchoingServer) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            patch.setenv(name, f"http://robot:{quote(secret, safe='')}@{server.host}")
        yield


def proxy_of_a_download(secret: str, server: EchoingServer, folder: Path) -> None:
    with proxied(secret, server):
        archive(folder, f"http{'s' if len(secret) % 2 else ''}://{ELSEWHERE}/a.tar")


def proxy_of_an_endpoint(secret: str, server: EchoingServer, _folder: Path) -> None:
    with proxied(secret, server):
        endpoint(f"http{'s' if len(secret) % 2 else ''}://{ELSEWHERE}/embed", None)


def proxy_of_git(secret: str, server: EchoingServer, folder: Path) -> None:
    with proxied(secret, server):
        git(folder, f"https://{ELSEWHERE}/a.git")


WAYS: dict[str, tuple[Callable[[str, EchoingServer, Path], None], st.SearchStrategy[str]]] = {
    way.__name__: (way, kind)
    for kind, ways in {
        tokens(): (with_key, download_with_token),
        secrets(): (
            *(with_login_in_the_address, with_parameter, download_with_password, download_from_signed_address),
            *(database, proxy_of_a_download, proxy_of_an_endpoint),
            *(git_with_password, git_with_login_in_the_address, proxy_of_git),
        ),
    }.items()
    for way in ways
}


def forms(secret: str) -> set[str]:
    """How it could be written."""
    plain = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), html.escape(secret)}
    plain |= {json.dumps(secret)[1:-1], repr(secret)[1:-1], ascii(secret)[1:-1]}
    logins = (f"robot:{secret}", f"oauth2:{secret}", f"{secret}:", f":{secret}", secret)
    return plain | {b64encode(login.encode()).decode().rstrip("=") for login in logins}


class Outputs:
    """Everything that an error can be written to."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder = store, folder
        folder.mkdir(exist_ok=True)
        (folder / "sources.yaml").write_text("types: {t: {sources: [{name: a, kind: directory, location: .}]}}")
        (self.partition,) = load_catalogue(folder / "sources.yaml").partitions()

    def after(self, fail: Callable[[], None]) -> str:
        """Return all that is written when this fails."""
        written = io.StringIO()
        before = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = written
        root = logging.getLogger()
        plain = logging.StreamHandler(written)  # as a host program's own
        root.addHandler(plain)
        try:
            with masked_output.masked_output():
                for style in ("json", "text"):
                    log_context.configure(LogSettings(style, "debug"))
                    logging.getLogger("httpx").setLevel("DEBUG")
                    self._fail(fail)
        finally:
            root.removeHandler(plain)
            for name in ("httpx", "doc_assets"):
                logging.getLogger(name).setLevel("NOTSET")
            root.handlers = [h for h in root.handlers if not isinstance(h, log_context._Handler)]
            sys.stdout, sys.stderr = before
        with self.store.connect() as connection:
            written.write(str(connection.execute("SELECT array_agg(h::text) FROM migration_history h").fetchall()))
        return written.getvalue()

    def _fail(self, fail: Callable[[], None]) -> None:
        termination_message.begin("migrate")
        log = logging.getLogger("doc_assets.load")
        try:
            with recording_failures(self.store, self.partition, None, time.perf_counter()):
                fail()
        except DocAssetsError as error:
            print_error(str(error))
            log.warning("load failed: %s", error, extra={"reason": str(error)})
            log.exception("load failed")
            sys.excepthook(type(error), error, error.__traceback__)
            failure = termination_message.Failure("t/a", "failed", f"{error!r} {error}")
            termination_message.add_failures([failure])
            print(json.dumps([repr(error), cut(f"ended by {error}")]))
        else:
            pytest.fail("it did not fail")
        path = self.folder / "message.json"
        termination_message.write(1, {"DOC_ASSETS_TERMINATION_MESSAGE": str(path)})
        print(path.read_text())


@pytest.mark.parametrize("way", [pytest.param(n, marks=needs_git if "git" in n else ()) for n in WAYS])
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.generate],
)
@given(data=st.data())
def test_no_output_shows_a_secret_whatever_fails(store: Store, tmp_path: Path, way: str, data: st.DataObject) -> None:
    fail, kind = WAYS[way]
    secret = data.draw(kind)
    server = EchoingServer(data.draw(st.sampled_from([401, 403, 400, 407, 404])))
    with running(server), tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        written = Outputs(store, tmp_path / "outputs").after(lambda: fail(secret, server, Path(folder)))
    assert "***" in written or way == "proxy_of_git"  # which shows nothing of what the proxy answers
    for form in forms(secret):
        assert form not in written, written[max(0, written.index(form) - 300) :][:700]


@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.generate],
)
@given(secret=tokens())
def test_no_event_of_dagster_shows_a_secret(secret: str) -> None:
    @dg.op
    def load(context) -> None:  # Dagster reads no annotation that is a text
        with errors_as_failures(context):
            endpoint(f"http://{server.host}/embed", secret)

    @dg.job
    def run() -> None:
        load()

    server = EchoingServer()
    with running(server), dg.instance_for_test() as instance, pytest.raises(dg.Failure):
        try:
            run.execute_in_process(
                instance=instance, run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
            )
        finally:
            events = [e for r in instance.get_runs() for e in instance.all_logs(r.run_id)]
            written = "".join(dg.serialize_value(e) for e in events)
            assert "***" in written
            assert not [form for form in forms(secret) if form in written]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DOC_ASSETS_EMBEDDING_API_KEY", "{}\n{}"),
        ("DOC_ASSETS_EMBEDDING_API_KEY", "{}\x07"),
        ("DOC_ASSETS_EMBEDDING_API_KEY", "{}ä"),
        ("DOC_ASSETS_EMBEDDING_API_KEY", "\n"),
        ("DOC_ASSETS_EMBEDDING_URL", "https://u:{}/x@h/embed"),
        ("DOC_ASSETS_EMBEDDING_URL", "https://u:{}@h/embed?a=\tb"),
        ("DOC_ASSETS_EMBEDDING_URL", "https://u:{} x@h/embed"),
        ("DOC_ASSETS_DATABASE_URL", "postgresql://u:{}\n{}@h/d"),
        ("DOC_ASSETS_DATABASE_URL", "postgresql://u:{}@h/d x=y"),
        ("HTTPS_PROXY", "http://u:{}/x@h:3128"),
        ("ALL_PROXY", "u:{}@h:port"),
    ],
)
def test_what_no_request_can_carry_is_misuse_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    from doc_assets.cli import main

    secret = "Zq9-s3cr3t-Va1ue"  # noqa: S105 - nobody's
    monkeypatch.setenv("DOC_ASSETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(name, value.replace("{}", secret))
    monkeypatch.setattr(sys, "argv", ["doc-assets", "db", "check"])
    with pytest.raises(SystemExit) as ended:
        main()
    written = "".join(capfd.readouterr())
    assert ended.value.code == 2, written
    assert name in written
    assert secret not in written
    assert not (tmp_path / "home").exists()
