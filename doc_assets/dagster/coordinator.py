"""The queue of runs in a cluster: gives every run its labels, pod settings and place in the queue.

Every run is submitted here, whether from an asset's page, a backfill, a schedule, ``dagster job launch`` or a retry.
Kubernetes settings in the tags of a job would not reach runs from an asset's page, and settings of a code location hold
for all its types. The pod settings are in ``pod_resources``.
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

# Runs with the same value run one at a time: a second load of a partition waits instead of failing on the lock.
PARTITION_TAG = "doc_assets/partition"
PROFILE_TAG = "doc_assets/profile"
CONFIG_TAG = "dagster-k8s/config"
# The user's value of CONFIG_TAG, and a hash of the merged value: a retry inherits its parent's tags, and only the
# user's part may be merged again with the present settings.
_GIVEN_TAG = "doc_assets/given-k8s-config"

_ONE_EACH = {"key": PARTITION_TAG, "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
_SECTIONS = (
    *("container_config", "pod_spec_config", "pod_template_spec_metadata"),
    *("job_config", "job_metadata", "job_spec_config"),
)


class DocAssetsRunCoordinator(QueuedRunCoordinator[DagsterInstance]):
    """Dagster's queue, with one run of a partition at a time.

    With ``pods`` (YAML, see ``RunPods``) every run is tagged with its settings for ``K8sRunLauncher``.
    """

    def __init__(self, *, pods: RunPods | None = None, **queue: Any) -> None:  # noqa: ANN401 - the base class's own
        """Take pod settings, and ``queue`` for QueuedRunCoordinator."""
        limits = [*(queue.pop("tag_concurrency_limits", None) or ()), _ONE_EACH]
        super().__init__(tag_concurrency_limits=limits, **queue)
        self._pods = pods

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Return the base class's fields, and ``pods``."""
        base = super().config_type()
        assert isinstance(base, dict)  # noqa: S101 - it is in 1.13
        return {**base, "pods": Field(StringSource, is_required=False, description="RunPods as YAML.")}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        """Return the coordinator of an instance; raise ConfigurationError if ``pods`` is wrong."""
        queue = {name: value for name, value in config_value.items() if name != "pods"}
        pods = config_value.get("pods")
        return cls(inst_data=inst_data, pods=None if pods is None else RunPods.parse(pods), **queue)

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Tag the run and put it into the queue.

        Raises:
            ConfigurationError: Its profile does not exist, or its own Kubernetes settings are not JSON; Dagster marks
                the run as failed with that message.
        """
        run = context.dagster_run
        if run.status == DagsterRunStatus.NOT_STARTED:
            try:
                tags = {**tags_of(run, self._pods), **self._priority(run)}
            except ConfigurationError:
                self._instance.add_run_tags(run.run_id, {MAX_RETRIES_TAG: "0"})  # a retry would fail the same way
                raise
            self._instance.add_run_tags(run.run_id, tags)
        return super().submit_run(context)

    def _priority(self, run: DagsterRun) -> dict[str, str]:
        """Return the priority of a backfill's run: heaviest partition first, and below other runs.

        Dagster submits them in order of their names, which may leave the slowest run to the end.
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
            self._logger.warning("the runs of backfills are queued in any order, not that of the catalogue: %s", error)
            return {}
        return {partition.name: place for place, partition in enumerate(partitions)}


@dataclass(frozen=True, slots=True)
class RunScope:
    """The type and partition of a run.

    Attributes:
        doc_type: Documentation type; None for several types or none.
        key: Partition key; None unless the run names a single one.
        publishes: True if the run loads or rolls back, False if it only validates.
    """

    doc_type: str | None
    key: str | None
    publishes: bool

    @property
    def name(self) -> str | None:
        """Partition name, ``<doc_type>/<key>``; None unless the run is for one partition."""
        return f"{self.doc_type}/{self.key}" if self.doc_type and self.key else None


def scope_of(run: DagsterRun) -> RunScope:
    """Return the scope from the run's selection, or from its job's name if it selects nothing."""
    assets = run.asset_selection or set()
    checks = run.asset_check_selection or set()
    types = {key.to_user_string() for key in (*assets, *(check.asset_key for check in checks))}
    of_job, loads = type_of_job(run.job_name)
    if not types and of_job is not None:
        types = {of_job}
    (doc_type,) = types if len(types) == 1 else (None,)
    publishes = bool(assets) if assets or checks else loads
    return RunScope(doc_type, run.tags.get("dagster/partition"), publishes)


def tags_of(run: DagsterRun, pods: RunPods | None) -> dict[str, str]:
    """Return the tags that a run gets before it is queued."""
    scope = scope_of(run)
    tags = {PARTITION_TAG: scope.name} if scope.name and scope.publishes else {}
    if pods is None:
        return tags
    given = _user_config(run)
    config = json.dumps(_merged(run, scope, pods, given), sort_keys=True)
    return {**tags, CONFIG_TAG: config, _GIVEN_TAG: json.dumps({"made": fingerprint(config), "given": given})}


def _user_config(run: DagsterRun) -> dict[str, Any]:
    """Return the user's value of the tag, from this run or the run that it retries."""
    try:
        current = json.loads(run.tags.get(CONFIG_TAG, "{}"))
        before = json.loads(run.tags.get(_GIVEN_TAG, "{}"))
        repeated = CONFIG_TAG in run.tags and before.get("made") == fingerprint(run.tags[CONFIG_TAG])
    except (ValueError, AttributeError) as error:
        raise ConfigurationError(
            f"the tag {CONFIG_TAG} of run {run.run_id} is not a JSON object ({error}): mend it, or launch the run"
            " without it"
        ) from None
    return before["given"] if repeated else current


def _merged(run: DagsterRun, scope: RunScope, pods: RunPods, given: dict[str, Any]) -> dict[str, Any]:
    # Imported here: the command line imports this module, and the Kubernetes client takes half a second.
    from dagster_k8s.container_context import K8sContainerContext
    from dagster_k8s.job import UserDefinedDagsterK8sConfig, get_user_defined_k8s_config

    context = K8sContainerContext()
    configs = [pods.settings(scope.doc_type, run.tags.get(PROFILE_TAG)).config(), _labels(run, scope)]
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


def _labels(run: DagsterRun, scope: RunScope) -> dict[str, Any]:
    """Return labels and annotations of a run's Job and pod as a value of the tag."""
    labels = {"doc-assets/run": run.run_id}
    annotations = {}
    if scope.doc_type:
        labels["doc-assets/type"] = label_value(scope.doc_type)
    if scope.key:
        labels["doc-assets/partition"] = label_value(scope.key)
        annotations["doc-assets/partition"] = scope.name or scope.key
    metadata = {"labels": labels, "annotations": annotations}
    return {"job_metadata": metadata, "pod_template_spec_metadata": metadata}
