"""What a plan prints: each partition that changes, what is to be known of it, the costs, and the next step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from doc_assets.cli.plan import _Plan
from doc_assets.ingest.estimate import Estimate
from doc_assets.ingest.planning import DocumentChanges, PartitionPlan, RejectedFile
from doc_assets.ingest.result import LoadResult

CHANGED = PartitionPlan(
    LoadResult("rust", "a", "planned", loaded=110, rejected=11, chunks=340, embedded=12, tokens_embedded=1_203),
    DocumentChanges(added=3, changed=2, moved=1, removed=1, unchanged=104),
    files_parsed=6,
    rejected=tuple(RejectedFile(f"bad-{i:02d}.md", "no text") for i in range(11)),
    refusal="rust/a: 11 of 121 files were rejected, more than the error budget",
)
SAME = PartitionPlan(LoadResult("rust", "b", "unchanged", documents=50), DocumentChanges(unchanged=50))
FAILED = PartitionPlan(LoadResult("rust", "c", "failed", error="c is out of reach"))


def test_a_plan_names_changes_costs_rejected_files_refusals_and_the_next_step(capsys: pytest.CaptureFixture[str]):
    plan = _Plan(
        [CHANGED, SAME, FAILED],
        Estimate(65.0, 2_050.4, "history", 1_500_000),
        12,
        [],
        [],
        "doc-assets migrate --plan next.plan",
    )
    plan.print_lines(Path("next.plan"))
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0] == "rust/a: 3 added, 2 changed, 1 moved, 1 removed, 104 unchanged"
    assert lines[1].startswith("  12 of 340 chunks to embed, 1,203 tokens; files: 110 loaded")
    assert lines[2] == "  rejected: bad-00.md: no text" and lines[12] == "  and 1 more: --json has them all"
    assert lines[13:] == [
        "documents: 3 added, 2 changed, 1 moved, 1 removed, 154 unchanged",
        "partitions: 3, 1 to load, 1 failed, 1 refused, 1 unchanged",
        "to embed: 12 of 340 chunks, 1,203 tokens",
        "time: about 1 m 05 s (2,050 tokens/s, the pace of 12 loads here)",
        "disk: about 1.5 MB",
        "nothing was written, but the plan to next.plan; to do it: doc-assets migrate --plan next.plan",
    ]
    assert "would be refused: rust/a: 11 of 121 files" in printed.err


def test_without_a_change_a_plan_says_so_and_proposes_nothing(capsys: pytest.CaptureFixture[str]):
    _Plan([SAME], Estimate(0.0, None, "nothing", 0), 0, [], [], "doc-assets migrate").print_lines(None)
    assert capsys.readouterr().out.splitlines() == [
        "documents: 50 unchanged",
        "partitions: 1, 1 unchanged",
        "nothing was written",
    ]


def test_the_json_of_a_plan_has_all_rejected_files_and_the_estimate(capsys: pytest.CaptureFixture[str]):
    _Plan(
        [CHANGED, SAME],
        Estimate(65.0, 2_050.4, "history", 1_500_000),
        12,
        [],
        [],
        "doc-assets migrate --plan next.plan",
    ).print_json()
    value = json.loads(capsys.readouterr().out)
    assert len(value["partitions"][0]["rejected_files"]) == 11 and value["partitions"][0]["refusal"]
    assert value["partitions"][0]["changes"] == {"added": 3, "changed": 2, "moved": 1, "removed": 1, "unchanged": 104}
    assert value["totals"]["changes"]["unchanged"] == 154 and value["totals"]["tokens_embedded"] == 1_203
    assert value["estimate"] == {
        "seconds": 65.0, "tokens_per_second": 2050.4, "rests_on": "history", "disk_bytes": 1_500_000
    }  # fmt: skip
