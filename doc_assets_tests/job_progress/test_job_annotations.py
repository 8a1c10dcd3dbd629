"""Labels and annotations that Kubernetes takes, whatever the progress."""

from __future__ import annotations

from doc_assets.job_progress import job_annotations
from doc_assets.runtime.progress import Progress
from doc_assets_tests.support.jobs_api import LABEL


def test_every_percentage_is_a_label_and_100_is_kept_for_the_end():
    for done in (0, 1, 333, 999, 1000):
        percent = job_annotations.percent(Progress(work_total=1000, work_done=done))
        assert LABEL.fullmatch(percent) and percent != job_annotations.DONE
    assert len(job_annotations.cut("x" * 2000)) <= 500
