"""The catalogue: the documentation types, and the sources that each is filled from.

``model`` and ``partitions`` hold the values, ``loading`` reads them from ``sources.yaml`` and reports its mistakes,
``scaffold`` writes a catalogue for a folder of documents, with facts that ``inference`` takes from names. Fetching and
checking the files of a source is in ``doc_assets.sources``.
"""

from doc_assets.catalogue.loading import load_catalogue
from doc_assets.catalogue.model import (
    ArchiveSource,
    CrateSource,
    DirectorySource,
    DocType,
    GitSource,
    LlmsTxtSource,
    Source,
)
from doc_assets.catalogue.partitions import Catalogue, Partition
from doc_assets.catalogue.scaffold import initial_catalogue

__all__ = [
    "ArchiveSource",
    "Catalogue",
    "CrateSource",
    "DirectorySource",
    "DocType",
    "GitSource",
    "LlmsTxtSource",
    "Partition",
    "Source",
    "initial_catalogue",
    "load_catalogue",
]
