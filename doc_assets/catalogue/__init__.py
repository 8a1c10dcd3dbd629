"""The catalogue: which documentation types exist, and from which sources each is filled.

``model`` and ``partitions`` hold the values, ``reading`` turns ``sources.yaml`` into them and says what is wrong with
it, ``folder`` writes a catalogue for a folder of documents with the facts that ``inference`` reads off its names,
``check`` looks whether the sources are there.
Getting at the files of a source is the business of ``doc_assets.sources``.
"""

from doc_assets.catalogue.folder import initial_catalogue
from doc_assets.catalogue.model import (
    ArchiveSource,
    CrateSource,
    DirectorySource,
    DocType,
    GitSource,
    Source,
)
from doc_assets.catalogue.partitions import Catalogue, Partition
from doc_assets.catalogue.reading import load_catalogue

__all__ = [
    "ArchiveSource",
    "Catalogue",
    "CrateSource",
    "DirectorySource",
    "DocType",
    "GitSource",
    "Partition",
    "Source",
    "initial_catalogue",
    "load_catalogue",
]
