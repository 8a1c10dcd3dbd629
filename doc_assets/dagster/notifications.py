"""One message to a webhook for each run that failed for good: from the run itself, or from a sensor if it died.

A hook sends it at once, also from ``doc-assets migrate``, which has no daemon. The sensor sends it for runs that no
hook saw the end of: killed ones, and those started from an asset's page, which belong to no job of ours. A run that
Dagster starts again sends nothing.
"""

from __future__ import annotations

import html

import dagster as dg
import httpx

from doc_assets.dagster.failures import RETRY_TAG
from doc_assets.dagster.private_api import MAX_RETRIES_TAG
from doc_assets.errors import DocAssetsError
from doc_assets.network.client import http_client
from doc_assets.secrets import mask
from doc_assets.settings import Settings

NOTIFIED_TAG = "doc_assets/notified"
_SECONDS = 10.0
_LONGEST = 2_000  # characters of an error


class NotSent(DocAssetsError):
    """The webhook did not take a message."""


class TickFailed(dg.DagsterError):
    """A message of the sensor was not sent. After any other error Dagster takes its run for told, and goes on."""


def failure_hook(settings: Settings) -> dg.HookDefinition:
    """Return the hook for our jobs; a webhook that does not answer costs a warning, not the run."""

    @dg.failure_hook(name="notify_of_failure")
    def hook(context: dg.HookContext) -> None:
        run = context.instance.get_run_by_id(context.run_id)
        if run is None:
            return
        if run.tags.get(RETRY_TAG) == "true" and run.tags.get(MAX_RETRIES_TAG) != "0":
            return  # the sensor knows whether there was another try; a run of doc-assets migrate gets none
        try:
            send(settings, message(run, str(context.op_exception or "")))
        except NotSent as error:
            context.log.warning(str(error))
        else:
            context.instance.add_run_tags(run.run_id, {NOTIFIED_TAG: "hook"})

    return hook


def failure_sensor(settings: Settings) -> dg.SensorDefinition:
    """Return the sensor for all runs of this code location; a message that was not taken is tried again."""

    @dg.run_status_sensor(
        name="notify_of_failed_runs",
        run_status=dg.DagsterRunStatus.FAILURE,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells the webhook of DOC_ASSETS_NOTIFY_URL of runs that failed without telling it themselves.",
    )
    def sensor(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
        run = context.dagster_run
        if NOTIFIED_TAG in run.tags or run.tags.get("dagster/will_retry") == "true":
            return dg.SkipReason("the run told it itself, or is tried again")
        try:
            send(settings, message(run, context.dagster_event.message or ""))
        except NotSent as error:
            raise TickFailed(str(error)) from None
        context.instance.add_run_tags(run.run_id, {NOTIFIED_TAG: "sensor"})
        return None

    return sensor


def message(run: dg.DagsterRun, error: str) -> dict[str, object]:
    """Return the message as docs/dagster.md shows it."""
    assets = sorted(key.to_user_string() for key in run.asset_selection or ())
    doc_type = assets[0] if len(assets) == 1 else run.job_name.partition("_")[2] or None
    key = run.tags.get("dagster/partition")
    return {
        "event": "run_failed",
        "job": run.job_name,
        "partition": f"{doc_type}/{key}" if doc_type and key else None,
        "run_id": run.run_id,
        "error": mask(error)[:_LONGEST],
    }


def send(settings: Settings, found: dict[str, object]) -> None:
    """Post a message, as such or as Slack's incoming webhooks read it.

    Raises:
        NotSent: The webhook is out of reach, or answered with an error.
    """
    assert settings.notify_url is not None  # noqa: S101 - else there is neither hook nor sensor
    body = found if settings.notify_format == "generic" else {"text": _sentence(found)}
    try:
        with http_client(settings.ca_bundle, timeout=_SECONDS) as client:
            client.post(settings.notify_url.reveal(), json=body).raise_for_status()
    except httpx.HTTPStatusError as error:
        raise NotSent(f"the webhook answered {error.response.status_code}: check DOC_ASSETS_NOTIFY_URL") from None
    except httpx.HTTPError as error:  # its text may hold the address, and so a token
        raise NotSent(f"the webhook was not reached ({type(error).__name__}): check DOC_ASSETS_NOTIFY_URL") from None


def _sentence(found: dict[str, object]) -> str:
    where = found["partition"] or "no single partition"
    said = f"{found['job']} of {where} failed: {found['error']} (run {found['run_id']})"
    return html.escape(said, quote=False)  # else a file's name such as <!channel> calls all who read it
