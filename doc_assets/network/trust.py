"""The trusted certificates: the system's roots, and beside them those of ``DOC_ASSETS_CA_BUNDLE``.

Beside, not instead: a pod that fetches from an internal server fetches from public ones too.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import certifi

from doc_assets.errors import ConfigurationError

_VARIABLE = "DOC_ASSETS_CA_BUNDLE"
# Debian and its derivatives; Fedora and RHEL. OpenSSL's own default is a folder on both.
_SYSTEM = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")


def tls_context(ca_bundle: Path | None = None) -> ssl.SSLContext:
    """Return the TLS context of an HTTPS client; ``ca_bundle`` is a PEM file of further roots (``Settings.ca_bundle``).

    Raises:
        ConfigurationError: The bundle is absent, empty or no PEM.
    """
    # Cached by content, so that a long process sees a renewed Secret: reading 5 kB each time costs nothing, parsing the
    # system's 150 roots takes 20 ms.
    return _context(_system_roots(), None if ca_bundle is None else _certificates(ca_bundle))


def roots_for_git(folder: Path, ca_bundle: Path | None, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that make git trust what ``tls_context`` does.

    git takes one file, which replaces the system's roots: both are written into one in ``folder``. ``GIT_SSL_CAINFO``
    of git's ``environment`` replaces the system's roots; ``ca_bundle`` is a PEM file of further ones.

    Raises:
        ConfigurationError: The bundle is absent, empty or no PEM.
    """
    given = environment.get("GIT_SSL_CAINFO")
    if ca_bundle is None:
        chosen = given or environment.get("SSL_CERT_FILE")  # which libcurl, unlike the command curl, does not read
        return {"GIT_SSL_CAINFO": chosen} if chosen else {}
    _context(_system_roots(), certificates := _certificates(ca_bundle))
    file = folder / "roots.pem"
    file.write_text(f"{Path(given or _system_roots()).read_text()}\n{certificates}")
    return {"GIT_SSL_CAINFO": str(file)}


def certificate_problem(error: BaseException) -> str | None:
    """Return what is wrong with a server's certificate and what to do, if that caused the error."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({found.verify_message}): {advice(found.verify_message)}"
        found = found.__cause__ or found.__context__
    return None


def advice(problem: str) -> str:
    """Return the next step for a certificate that was refused."""
    if any(word in problem.lower() for word in ("mismatch", "not valid for", "does not match", "expired", "not yet")):
        return "have the server's certificate renewed, or mend the address"
    given = os.environ.get(_VARIABLE)
    what = f"{_VARIABLE}={given} lacks" if given else f"set {_VARIABLE} to a PEM file with"
    return f"{what} the authority that signed it"


@lru_cache(maxsize=4)
def _context(system: str, extra: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=system, capath=os.environ.get("SSL_CERT_DIR") or None)
    if extra is not None:
        try:
            context.load_verify_locations(cadata=extra)
        except ssl.SSLError as error:
            raise ConfigurationError(f"{_VARIABLE}: it holds a damaged certificate ({error.reason})") from None
    return context


def _system_roots() -> str:
    candidates = (os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile, *_SYSTEM)
    return next((path for path in candidates if path and Path(path).is_file()), None) or certifi.where()


def _certificates(bundle: Path) -> str:
    where = f"{_VARIABLE}={bundle}"
    try:
        text = bundle.read_text("ascii", errors="replace")
    except OSError as error:
        raise ConfigurationError(f"{where} cannot be read: {error.strerror}; is the Secret mounted there?") from None
    if "-----BEGIN CERTIFICATE-----" not in text and "-----BEGIN TRUSTED CERTIFICATE-----" not in text:
        what = "is empty" if not text.strip() else "holds no certificate in PEM"
        raise ConfigurationError(f"{where} {what}: the authority's certificate is needed, -----BEGIN CERTIFICATE-----")
    return text
