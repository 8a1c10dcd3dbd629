"""Names of Dagster's own tables and of the schema that holds them; ``dagster_schema`` puts them there."""

from __future__ import annotations

from typing import Final

DAGSTER_SCHEMA: Final = "dagster"
# Of Dagster 1.x, without alembic_version, which every schema of alembic's has.
DAGSTER_TABLES: Final = frozenset(
    (
        *(
            "runs",
            "run_tags",
            "snapshots",
            "bulk_actions",
            "backfill_tags",
            "daemon_heartbeats",
            "instance_info",
            "kvs",
        ),
        *("secondary_indexes", "event_logs", "asset_keys", "asset_event_tags", "asset_check_executions"),
        *("dynamic_partitions", "concurrency_limits", "concurrency_slots", "pending_steps"),
        *("jobs", "job_ticks", "instigators", "asset_daemon_asset_evaluations"),
    )
)
