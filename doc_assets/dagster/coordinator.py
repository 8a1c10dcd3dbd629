"""The queue of runs in a cluster: every run, however it was started, gets its labels, its sizes and its turn here.

Kubernetes settings in the tags of a job are lost where a run is started from an asset's page, since that run is of
another job; settings of a code location hold for all its types. Whatever starts a run submits it to the coordinator:
the asset's page, a backfill, a schedule, ``dagster job launch`` and the retry of a run that died. What can be set is in
``pods``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from dagster import (
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    Field,
    QueuedRunCoordinator,
    StringSource,
    SubmitRunContext,
)

from doc_assets.catalogue import load_catalogue
from doc_assets.dagster.jobs import GC_JOB, type_of_job
from doc_assets.dagster.pod_resources import RunPods, fingerprint, label_value
from doc_assets.dagster.private_api import BACKFILL_ID_TAG, MAX_RETRIES_TAG, PRIORITY_TAG, ConfigurableClassData
from doc_assets.errors import CatalogueError, ConfigurationError
from doc_assets.settings import Settings

# Runs with the same value take turns: a second load of a partition waits in the queue, where it would fail on the lock.
PARTITION_TAG = "doc_assets/partition"
PROFILE_TAG = "doc_assets/profile"
CONFIG_TAG = "dagster-k8s/config"
# What the user had put into CONFIG_TAG, and a hash of what was made of it: a retry takes over its parent's tags, and
# must not take our part of them, which may have been mended since, for the user's.
_GIVEN_TAG = "doc_assets/given-k8s-config"

_ONE_EACH = {"key": PARTITION_TAG, "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
_SECTIONS = (
    *("container_config", "pod_spec_config", "pod_template_spec_metadata"),
    *("job_config", "job_metadata", "job_spec_config"),
)


class DocAssetsRunCoordinator(QueuedRunCoordinator[DagsterInstance]):
    """Dagster's queue, one run of a partition at a time, with the Kubernetes settings of each run as its tag.

    With ``pods`` (YAML, see ``RunPods``) every run is tagged for ``K8sRunLauncher``; without, runs only take turns.
    """

    def __init__(self, *, pods: RunPods | None = None, **queue: Any) -> None:  # noqa: ANN401 - the base class's own
        """``queue`` is what QueuedRunCoordinator takes."""
        limits = [*(queue.pop("tag_concurrency_limits", None) or ()), _ONE_EACH]
        super().__init__(tag_concurrency_limits=limits, **queue)
        self._pods = pods

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """The base class's fields, and ``pods``."""
        base = super().config_type()
        assert isinstance(base, dict)  # noqa: S101 - it is in 1.13
        return {**base, "pods": Field(StringSource, is_required=False, description="RunPods as YAML.")}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        """The coordinator of an instance.

        Raises:
            ConfigurationError: ``pods`` is wrong; names the place.
        """
        queue = {name: value for name, value in config_value.items() if name != "pods"}
        pods = config_value.get("pods")
        return cls(inst_data=inst_data, pods=None if pods is None else RunPods.parse(pods), **queue)

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Tags the run and puts it into the queue.

        Raises:
            ConfigurationError: It asks for a profile that is not there, or its own Kubernetes settings are no JSON;
                Dagster marks the run failed with that sentence.
        """
        run = context.dagster_run
        if run.status == DagsterRunStatus.NOT_STARTED:
            try:
                tags = {**tags_of(run, self._pods), **self._place(run)}
            except ConfigurationError:
                self._instance.add_run_tags(run.run_id, {MAX_RETRIES_TAG: "0"})  # another try would be refused alike
                raise
            self._instance.add_run_tags(run.run_id, tags)
        return super().submit_run(context)

    def _place(self, run: DagsterRun) -> dict[str, str]:
        """Of a backfill's run in the queue: heaviest first, as the catalogue has them, and after whatever waits alone.

        Dagster submits the runs of an asset's backfill by name; the wall time is that of the slowest in the last wave.
        """
        if BACKFILL_ID_TAG not in run.tags or PRIORITY_TAG in run.tags:
            return {}
        place = self._places.get(scope_of(run).name or "")
        return {} if place is None else {PRIORITY_TAG: str(-1 - place)}

    @cached_property
    def _places(self) -> dict[str, int]:
        try:
            partitions = load_catalogue(Settings.from_environment().catalogue).partitions()
        except CatalogueError as error:
            self._logger.warning("the runs of backfills are queued in any order: %s", error)
            return {}
        return {partition.name: place for place, partition in enumerate(partitions)}


@dataclass(frozen=True, slots=True)
class RunScope:
    """What a run is about.

    Attributes:
        doc_type: None where it is about several types, or none.
        key: Partition key, None where it names no single one.
        moves: It loads or rolls back, and does not only look.
    """

    doc_type: str | None
    key: str | None
    moves: bool

    @property
    def name(self) -> str | None:
        """``<doc_type>/<key>``, None if it is about more than one partition."""
        return f"{self.doc_type}/{self.key}" if self.doc_type and self.key else None


def scope_of(run: DagsterRun) -> RunScope:
    """Read from what the run selects; from its job's name where it is all of a job."""
    assets = run.asset_selection or set()
    checks = run.asset_check_selection or set()
    types = {key.to_user_string() for key in (*assets, *(check.asset_key for check in checks))}
    of_job, loads = type_of_job(run.job_name)
    if not types and of_job is not None:
        types = {of_job}
    (doc_type,) = types if len(types) == 1 else (None,)
    moves = bool(assets) if assets or checks else loads
    return RunScope(doc_type, run.tags.get("dagster/partition"), moves)


def tags_of(run: DagsterRun, pods: RunPods | None) -> dict[str, str]:
    """The tags that a run gets before it is queued."""
    scope = scope_of(run)
    tags = {PARTITION_TAG: scope.name} if scope.name and scope.moves else {}
    if pods is None:
        return tags
    given = _given(run)
    config = json.dumps(_merged(run, scope, pods, given), sort_keys=True)
    return {**tags, CONFIG_TAG: config, _GIVEN_TAG: json.dumps({"made": fingerprint(config), "given": given})}


def _given(run: DagsterRun) -> dict[str, Any]:
    """What a user has put into the tag, in this run or in the one that it repeats."""
    try:
        current = json.loads(run.tags.get(CONFIG_TAG, "{}"))
        before = json.loads(run.tags.get(_GIVEN_TAG, "{}"))
        repeated = CONFIG_TAG in run.tags and before.get("made") == fingerprint(run.tags[CONFIG_TAG])
    except (ValueError, AttributeError) as error:
        raise ConfigurationError(f"the tag {CONFIG_TAG} of run {run.run_id} is no JSON object: {error}") from None
    return before["given"] if repeated else current


def _merged(run: DagsterRun, scope: RunScope, pods: RunPods, given: dict[str, Any]) -> dict[str, Any]:
    # Here, not above: the command line imports this package, and the Kubernetes client takes half a second.
    from dagster_k8s.container_context import K8sContainerContext
    from dagster_k8s.job import UserDefinedDagsterK8sConfig, get_user_defined_k8s_config

    context = K8sContainerContext()
    configs = [pods.settings(scope.doc_type, run.tags.get(PROFILE_TAG)).config(), _marks(run, scope)]
    if run.job_name == GC_JOB:
        configs.append(pods.of_owner())
    for config in configs:
        context = context.merge(K8sContainerContext(run_k8s_config=UserDefinedDagsterK8sConfig.from_dict(config)))
    if given:
        own = get_user_defined_k8s_config({CONFIG_TAG: json.dumps(given)})
        context = context.merge(K8sContainerContext(run_k8s_config=own))
    merged = context.run_k8s_config.to_dict()
    found = {section: merged[section] for section in _SECTIONS if merged[section]}
    return {**found, **({"merge_behavior": given["merge_behavior"]} if "merge_behavior" in given else {})}


def _marks(run: DagsterRun, scope: RunScope) -> dict[str, Any]:
    """Labels and annotations of a run's Job and pod, in the words of the tag."""
    labels = {"doc-assets/run": run.run_id}
    annotations = {}
    if scope.doc_type:
        labels["doc-assets/type"] = label_value(scope.doc_type)
    if scope.key:
        labels["doc-assets/partition"] = label_value(scope.key)
        annotations["doc-assets/partition"] = scope.name or scope.key
    metadata = {"labels": labels, "annotations": annotations}
    return {"job_metadata": metadata, "pod_template_spec_metadata": metadata}
