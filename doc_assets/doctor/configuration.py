"""The settings: what sets nothing, what others may read, and whether their folders and files are there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doc_assets.doctor.diagnosis import Diagnosis, fault, ok, warning
from doc_assets.doctor.examination import Surroundings, examination
from doc_assets.secrets import SECRET_VARIABLES
from doc_assets.settings.declaration import DECLARED
from doc_assets.settings.layers import file_of, read_file
from doc_assets.settings.names import unknown_variables

_SECRET_IN_ADDRESS = re.compile(r"://[^/@]*:[^/@]*@|password=", re.I)


@examination("settings")
def settings(surroundings: Surroundings) -> Iterator[Diagnosis]:
    """Say which variables set nothing, and whether a file with secrets can be read by others."""
    unknown = unknown_variables(surroundings.environment)
    for sentence in unknown:
        yield warning("settings", sentence.partition(":")[0], "unset it; doc-assets settings lists those that exist")
    path = file_of(surroundings.environment)
    if path is None:
        if not unknown:
            yield ok("settings", "from the environment; there is no doc-assets.toml")
        return
    texts = read_file(path).texts
    secrets = [
        DECLARED[name].key
        for name, text in texts.items()
        if name in SECRET_VARIABLES or (DECLARED[name].is_secret and _SECRET_IN_ADDRESS.search(text))
    ]
    if secrets and path.stat().st_mode & 0o077:
        sentence = f"other users may read {path}, which holds {', '.join(secrets)}"
        yield warning("settings", sentence, f"chmod 600 {path}")
    else:
        yield ok("settings", f"{len(texts)} from {path}; the environment goes before it")


@examination("certificates")
def certificates(surroundings: Surroundings) -> Iterator[Diagnosis]:
    """Say whether the bundle of authorities is there, if one is set."""
    bundle = surroundings.settings.ca_bundle
    if bundle is None:
        return
    if bundle.is_file() and b"BEGIN CERTIFICATE" in bundle.read_bytes():
        yield ok("certificates", f"{bundle}")
    else:
        yield fault("certificates", f"{bundle} holds no certificate", "set DOC_ASSETS_CA_BUNDLE to a PEM file")
