"""The two guards between a passed audit and publication: the error budget and the deletion guard.

Pure functions of ``doc_assets.store.snapshots.losses``, called by ``StagedLoad.publish``. Rollbacks are not guarded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from doc_assets.catalogue import Source
from doc_assets.document.reasons import parted
from doc_assets.settings import Settings
from doc_assets.store.snapshots.losses import EXAMPLES, Losses


@dataclass(frozen=True, slots=True)
class Guards:
    """What a source may lose in one publication.

    Attributes:
        error_budget: Share of its files that may be rejected, 0 to 1.
        error_budget_files: Files that may be rejected in any case.
        deletion_guard: Share of its live documents that may vanish, 0 to 1; None allows all of them.
        deletion_guard_documents: Live documents that may vanish from a full load in any case, as long as some are left.
    """

    error_budget: float
    error_budget_files: int
    deletion_guard: float | None
    deletion_guard_documents: int

    @classmethod
    def of(cls, settings: Settings, source: Source, *, allow_deletions: bool = False) -> Guards:
        """Return the limits of the source's catalogue entry, or else those of the settings."""
        budget, guard = source.error_budget, source.deletion_guard
        return cls(
            settings.error_budget if budget is None else budget,
            settings.error_budget_files,
            None if allow_deletions else settings.deletion_guard if guard is None else guard,
            settings.deletion_guard_documents,
        )

    def rejectable(self, files: int) -> int:
        """Return how many of ``files`` files may be rejected."""
        return max(self.error_budget_files, int(self.error_budget * files + 1e-6))  # 0.29 * 100 is less than 29

    def deletable(self, found: Losses) -> int:
        """Return how many live documents may vanish.

        The least number is for a source of a few pages. It does not excuse an emptied source, nor a load of a few files
        over a full one, nor pages that are only pointers to their content now.
        """
        share = found.live if self.deletion_guard is None else int(self.deletion_guard * found.live + 1e-6)
        if found.vanished >= found.live or found.file_limit is not None or found.vanished_as_pointers:
            return share
        return max(self.deletion_guard_documents, share)

    def refusal(self, partition: str, found: Losses, holds: Callable[[str], bool] = lambda path: True) -> str | None:
        """Return why a snapshot must not be published, in one sentence with the next step; None if it may.

        ``holds`` returns whether a path belongs to the partition: after a change of shards it may be another one's.
        """
        reasons = (self._rejected(partition, found), self._vanished(partition, found, holds))
        return "; ".join(reason for reason in reasons if reason) or None

    def _rejected(self, partition: str, found: Losses) -> str | None:
        allowed = self.rejectable(found.files)
        if found.rejected <= allowed:
            return None
        which = f" ({found.pointers:,} of them as Git LFS or git-annex pointers)" if found.pointers else ""
        examples = [_without_step(example) for example in found.rejected_examples]
        return (
            f"{partition}: {found.rejected:,} of {found.files:,} files were rejected{which}, more than the error "
            f"budget of {allowed:,} ({_percent(self.error_budget)} of the files, at least {self.error_budget_files}): "
            f"{_listed(examples)}; not published. doc-assets quarantine list -p "
            f"{partition} shows them all: mend or exclude them, or raise error_budget of the source in the catalogue "
            "(DOC_ASSETS_ERROR_BUDGET for all), and run migrate again; only they are read again"
        )

    def _vanished(self, partition: str, found: Losses, holds: Callable[[str], bool]) -> str | None:
        if self.deletion_guard is None or found.vanished <= (allowed := self.deletable(found)):
            return None
        causes = {
            f"the load was limited to {found.file_limit or 0:,} files": found.file_limit is not None,
            "its source lists no file any more": not found.files,
            "its source has other shards now, and they belong to another one": not all(
                holds(path) for path in found.vanished_examples
            ),
            f"{found.stubs:,} have only a few words left": found.stubs,
            f"{found.vanished_as_pointers:,} are only Git LFS or git-annex pointers now": found.vanished_as_pointers,
        }
        why = ", ".join(cause for cause, holds in causes.items() if holds)
        return (
            f"{partition}: {found.vanished:,} of {found.live:,} live documents "
            f"({_percent(found.vanished / found.live)}) would vanish, more than the {allowed:,} that the deletion "
            f"guard allows ({_percent(self.deletion_guard)} of them, and of a full load at least "
            f"{self.deletion_guard_documents} while any are left{f'; {why}' if why else ''}): "
            f"{_listed(found.vanished_examples)}; not published. If they should vanish, run "
            f"doc-assets migrate -p {partition} --allow-deletions (in Dagster, allow_deletions: true in the run's "
            "configuration), or raise deletion_guard of the source in the catalogue; if not, check its location, "
            "include and exclude"
        )


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _without_step(example: str) -> str:
    """Return ``path (reason)`` without what to do: the refusal says it once for all files."""
    said, step = parted(example)
    return f"{said})" if step else example


def _listed(examples: list[str]) -> str:
    return ", ".join(examples[:EXAMPLES]) + (" …" if len(examples) > EXAMPLES else "")
