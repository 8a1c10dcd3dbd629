"""What the audit asks of the database: questions over many snapshots at once, answered with the rows that are wrong.

``state`` is the one state that all questions look at, ``passages``, ``documents``, ``links`` and ``manifests`` are the
questions by what they are about, ``settling`` tells a damaged row once. Which rule belongs to which check is said in
``doc_assets.audit``. Nothing here changes anything.
"""

from __future__ import annotations

from doc_assets.store.proof import manifests, settling
from doc_assets.store.proof.offender import Offender, attributed
from doc_assets.store.proof.state import OneState, Scope, scopes

__all__ = ["Offender", "OneState", "Scope", "attributed", "manifests", "scopes", "settling"]
