"""The database's URL, as set or of the embedded server, for libpq and for SQLAlchemy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from doc_assets.errors import ConfigurationError, NotFound
from doc_assets.secrets import learn, text_problem
from doc_assets.settings import Settings
from doc_assets.settings.places import HOME
from doc_assets.store.database.embedded import embedded_url, has_data

if TYPE_CHECKING:
    import sqlalchemy as sa

# Parameters of libpq whose values are secret.
_SECRETS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")
_VARIABLES = {
    **{"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"},
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}


def database_url(settings: Settings, *, create: bool = True) -> str:
    """Return the URL from the settings, or start the embedded server and return its URL; for drivers, not for output.

    With ``create`` an embedded server that is not there is made.

    Raises:
        NotFound: It is not there, and shall not be made.
        ConfigurationError: The setting is no URL of PostgreSQL.
        StoreError: The embedded server does not start.
    """
    if settings.database_url is None:
        if not create and not has_data(settings.home):
            raise NotFound(_nothing_in(settings.home))
        return embedded_url(settings.home)
    url = settings.database_url.reveal()
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # libpq's own message quotes parts of the URL, perhaps the password.
        raise ConfigurationError(
            "DOC_ASSETS_DATABASE_URL is no URL of PostgreSQL: one like postgresql://user:password@host:5432/name is "
            "needed, with special characters of the password written as %40"
        ) from None
    for name in _SECRETS:
        learn(value := str(given.get(name) or ""))
        if problem := text_problem(value):
            raise ConfigurationError(f"DOC_ASSETS_DATABASE_URL: its {name} {problem}: correct it where it is set")
    return url


def _nothing_in(home: Path) -> str:
    if home == Path(HOME).absolute() and not home.exists():
        looked = f"no store here: neither {home.parent} nor a folder above it has a {HOME}"
    else:
        looked = f"no store in {home}: it has no database, and DOC_ASSETS_DATABASE_URL names none"
    return (
        f"{looked}. Go to the folder of your store, name its home in DOC_ASSETS_HOME, or make one here: "
        "doc-assets migrate"
    )


def url_without_secrets(url: str) -> str:
    """Return the URL without its passwords, as ``key=value`` if it held one.

    libpq takes the password from ``PGPASSWORD`` or ``~/.pgpass`` then.
    """
    given = conninfo_to_dict(url)
    kept = {name: value for name, value in given.items() if name not in _SECRETS}
    return url if kept == given else make_conninfo("", **kept)


def libpq_environment(url: str) -> dict[str, str]:
    """Return libpq's environment variables that make a client use this database by default."""
    given = {key: str(value) for key, value in conninfo_to_dict(url).items() if value}
    variables = {**_VARIABLES, **{name: f"PG{name.upper()}" for name in given if name.startswith("ssl")}}
    return {variable: given[name] for name, variable in variables.items() if name in given}


def sqlalchemy_url(url: str, driver: str = "psycopg") -> sa.URL:
    """Return SQLAlchemy's form of any libpq URL or ``key=value`` string."""
    import sqlalchemy as sa  # 0.2 s, and only Dagster's storages need it

    given = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    user, password, database = (given.pop(key, None) for key in ("user", "password", "dbname"))
    # Host and port go into the query, where sockets (/run/postgresql) and lists of hosts are allowed.
    return sa.URL.create(f"postgresql+{driver}", username=user, password=password, database=database, query=given)
