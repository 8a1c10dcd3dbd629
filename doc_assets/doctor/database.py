"""The database: one connection for the examinations of it, each of which is apart from the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from doc_assets.doctor.diagnosis import Diagnosis, fault, ok, warning
from doc_assets.doctor.examination import Surroundings, examination, failed
from doc_assets.errors import ConfigurationError, DocAssetsError
from doc_assets.store.database.connection import Connection, DatabaseError, Store, why_read_only
from doc_assets.store.database.embedded import has_data
from doc_assets.store.database.pgvector import find_pgvector
from doc_assets.store.database.retries import to_store_error
from doc_assets.store.database.server import ServerFacts, is_pooled, rights_of, server_facts
from doc_assets.store.database.url import database_url
from doc_assets.store.history import metrics
from doc_assets.store.schema import schema

_STATEMENT_MILLISECONDS = 5_000
_LEFT_BEHIND_SECONDS = 5.0
_SILENT_SECONDS = 300.0  # as the alert DocAssetsDaemonDown
_MANY_CONNECTIONS = 0.8
_APPLICATION = "doc-assets doctor"

OfDatabase = Callable[[Surroundings, Connection], Iterable[Diagnosis]]
_OF_DATABASE: list[tuple[str, OfDatabase]] = []


def of_database(subject: str) -> Callable[[OfDatabase], OfDatabase]:
    """Register a function as an examination of the database; it gets a connection in a transaction that reads."""

    def register(examine: OfDatabase) -> OfDatabase:
        _OF_DATABASE.append((subject, examine))
        return examine

    return register


@examination("database")
def database(surroundings: Surroundings) -> Iterator[Diagnosis]:
    """Connect, and run the examinations of the database; an embedded one that is there is started for them."""
    settings = surroundings.settings
    if settings.database_url is None and not has_data(settings.home):
        yield ok("database", f"none yet at {settings.home / 'postgres'}: the first load makes one")
        return
    store = Store(database_url(settings))
    with store.reading(_APPLICATION) as connection:
        metrics.bound(connection, _STATEMENT_MILLISECONDS)
        for subject, examine in _OF_DATABASE:
            yield from _apart(subject, examine, surroundings, connection)
        pooled = is_pooled(connection)
    if pooled:
        yield pooler(store)


def _apart(
    subject: str, examine: OfDatabase, surroundings: Surroundings, connection: Connection
) -> Iterator[Diagnosis]:
    """Run one; its error ends its own statements alone."""
    try:
        with connection.transaction():
            found = list(examine(surroundings, connection))
    except DatabaseError as error:
        found = [failed(subject, to_store_error(error, left="nothing was changed"))]
    except Exception as error:  # as in ``examination``
        found = [failed(subject, error)]
    yield from found


@of_database("PostgreSQL")
def server(surroundings: Surroundings, connection: Connection) -> Iterator[Diagnosis]:
    """Say which server it is, whether it takes more sessions, and whether it only reads."""
    facts = server_facts(connection)
    where = "embedded" if surroundings.settings.database_url is None else connection.info.host or "local"
    sentence = f"{facts.version}, {where}; {facts.connections} of {facts.most_connections} connections in use"
    if facts.connections > _MANY_CONNECTIONS * facts.most_connections:
        yield warning("PostgreSQL", sentence, "raise max_connections there, or put a pool in between (docs/pools.md)")
    else:
        yield ok("PostgreSQL", sentence)
    if reason := why_read_only(connection):
        found, _, remedy = reason.partition(": ")
        yield warning("PostgreSQL", f"{found}; search and serve need no more", remedy)
    yield from _of_text(facts, connection)
    yield _of_clock(facts)


def _of_text(facts: ServerFacts, connection: Connection) -> Iterator[Diagnosis]:
    if facts.collation_version != facts.collation_now:
        yield warning(
            "collation",
            f"the system's {facts.collation} is of version {facts.collation_now}, the database's indexes of "
            f"{facts.collation_version}: searches may miss names",
            f"REINDEX DATABASE, then ALTER DATABASE {connection.info.dbname} REFRESH COLLATION VERSION",
        )
    else:
        yield ok("encoding", f"{facts.encoding}, collation {facts.collation}")


def _of_clock(facts: ServerFacts) -> Diagnosis:
    seconds = abs((datetime.now(UTC) - facts.clock).total_seconds())
    if seconds > _LEFT_BEHIND_SECONDS:
        sentence = f"it differs from the database's by {seconds:,.0f} s: --as-of and time left are off"
        return warning("clock", sentence, "let NTP set both clocks")
    return ok("clock", f"within {_LEFT_BEHIND_SECONDS:g} s of the database's")


@of_database("pgvector")
def extension(_surroundings: Surroundings, connection: Connection) -> Iterator[Diagnosis]:
    """Say whether pgvector is there, and sound."""
    found = find_pgvector(connection)
    if found.version is None and found.available is None:
        yield fault("pgvector", "it is not installed on this server", "install pgvector 0.8.4 or newer there")
    elif found.version is None:
        yield ok("pgvector", f"{found.available} on the server; doc-assets db upgrade creates it here")
    elif found.problem:
        sentence, _, remedy = found.problem.partition(": ")
        yield fault("pgvector", sentence, remedy)
    elif found.warning:
        sentence, _, remedy = found.warning.partition(": ")
        yield warning("pgvector", sentence, remedy)
    else:
        yield ok("pgvector", f"{found.version} in schema {found.schema}")


@of_database("schema")
def revision(_surroundings: Surroundings, connection: Connection) -> Iterator[Diagnosis]:
    """Say whether the schema is that of this program, as ``doc-assets db check``."""
    if schema.revision(connection) is None:
        yield ok("schema", "none yet: the first load, or doc-assets db upgrade, makes it")
        return
    known = find_pgvector(connection).problem  # said above
    problems = [problem for problem in schema.check(connection) if problem != known]
    for problem in problems:
        sentence, _, remedy = problem.partition(": ")
        yield fault("schema", sentence, remedy or "doc-assets db check")
    if not problems:
        yield ok("schema", f"revision {schema.revision(connection)}, no drift")


@of_database("rights")
def rights(_surroundings: Surroundings, connection: Connection) -> Iterator[Diagnosis]:
    """Say what the role may do."""
    if schema.revision(connection) is None:
        return
    held, role = rights_of(connection), server_facts(connection).role
    grant = "doc-assets db roles prints the SQL of a role that may; its owner runs it"
    if held.unreadable:
        some = ", ".join(held.unreadable[:3]) + (" …" if len(held.unreadable) > 3 else "")
        yield fault("rights", f"{role} may not read {some}", grant)
    elif not held.loads:
        yield warning("rights", f"{role} reads alone: enough for search and serve, not for loads", grant)
    else:
        more = "owns the schema" if held.owns else "loads; db upgrade and gc need the schema's owner"
        yield ok("rights", f"{role} {more}")


@of_database("size")
def size(_surroundings: Surroundings, connection: Connection) -> Iterator[Diagnosis]:
    """Say how large the database is."""
    found = metrics.costly(connection, _STATEMENT_MILLISECONDS) if schema.revision(connection) else None
    if found is not None:
        yield ok("size", f"{found.database_bytes / 1e9:,.1f} GB in the database")


@of_database("daemon")
def daemon(surroundings: Surroundings, connection: Connection) -> Iterator[Diagnosis]:
    """Say when Dagster's daemon was last alive, which schedules and the queue need."""
    state = metrics.dagster(connection)
    if state is None:
        yield ok("daemon", "Dagster has no records here that this role may read")
        return
    queued, wanted = state.runs.get("QUEUED", 0), surroundings.settings.schedules
    newest = max(state.heartbeats.values(), default=None)
    silent = None if newest is None else (server_facts(connection).clock - newest).total_seconds()
    waits = f"; {queued} runs wait for it" if queued else ""
    if silent is not None and silent < _SILENT_SECONDS:
        yield ok("daemon", f"Dagster's was alive {silent:.0f} s ago{waits}")
        return
    sentence = "Dagster's never ran" if newest is None else f"Dagster's was last alive {newest:%Y-%m-%d %H:%M} UTC"
    if queued or wanted:
        yield warning("daemon", f"{sentence}{waits}: no schedule starts", "dagster dev, or dagster-daemon run")
    else:
        yield ok("daemon", f"{sentence}: doc-assets migrate needs none, schedules do")


def pooler(store: Store) -> Diagnosis:
    """Say whether the pool in between leaves sessions to their clients, as loads need it; opens two of them."""
    try:
        store.connect(_APPLICATION).close()
    except ConfigurationError as error:
        sentence, _, remedy = str(error).rpartition(": ")
        return warning("pooler", f"{sentence}; search and serve need none", remedy)
    except DocAssetsError as error:
        return warning("pooler", str(error), "docs/pools.md says what a pool needs")
    return ok("pooler", "a pool is in between, and leaves each client its session")
