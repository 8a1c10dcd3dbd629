"""Examinations of where the program runs: machine, database, model, home, sources, Dagster, cluster.

``doc-assets doctor`` prints what they find. Each is a function of ``Surroundings`` in the module of its subject, marked
with ``@examination``; it yields one ``Diagnosis`` for each thing that it examined, with what mends it. Examinations
write nothing, start no database that is not there, and end in time; one that fails is a fault itself.
"""

from doc_assets.doctor.diagnosis import Diagnosis
from doc_assets.doctor.examination import Surroundings, examine

__all__ = ["Diagnosis", "Surroundings", "examine"]
