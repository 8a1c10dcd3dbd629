"""Settings of run pods by documentation type and by profile, read from YAML: resources, nodes, environment, image.

``coordinator`` applies them to runs; what all pods share is in ``k8s/base/dagster.yaml``.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from doc_assets.errors import ConfigurationError
from doc_assets.secrets import MASK, SECRET_VARIABLES, SecretAddress

_LABEL_LENGTH = 63  # of a label's value, as Kubernetes has it
_NO_LABEL = re.compile(r"[^A-Za-z0-9_.-]")


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Quantity = Annotated[
    str,
    BeforeValidator(_as_text),  # "cpu: 2" is a number in YAML
    StringConstraints(pattern=r"^(0|[1-9]\d*)(\.\d+)?(m|[kMGTPE]i?)?$"),
]
Text = Annotated[str, BeforeValidator(_as_text)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Toleration(_Strict):
    """A taint of nodes that the pod tolerates."""

    key: str | None = Field(default=None, description="Of the taint; none means every taint.")
    operator: Literal["Exists", "Equal"] = Field(default="Equal", description="Whether 'value' is compared.")
    value: Text | None = Field(default=None, description="Of the taint, with the operator Equal.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        default=None, description="Of the taint; none means every effect."
    )


class PodSettings(_Strict):
    """Changes to a pod; nothing by default."""

    requests: dict[str, Quantity] = Field(default_factory=dict, description="Resources set aside: cpu, memory …")
    limits: dict[str, Quantity] = Field(default_factory=dict, description="Resources it may not exceed.")
    node_selector: dict[str, Text] = Field(default_factory=dict, description="Labels that its node must have.")
    tolerations: tuple[Toleration, ...] = Field(default=(), description="Taints that its node may have.")
    environment: dict[str, Text] = Field(default_factory=dict, description="Variables of the container.")
    priority_class: str | None = Field(default=None, description="Name of a PriorityClass.")
    runtime_class: str | None = Field(default=None, description="Name of a RuntimeClass, as 'nvidia'.")
    image: str | None = Field(default=None, description="In place of the code location's; best with its digest.")

    @field_validator("environment")
    @classmethod
    def _holds_no_secret(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if name in SECRET_VARIABLES or str(SecretAddress(text)) not in (text, MASK):
                raise ValueError(
                    f"{name} holds a secret, which the tags of every run would show: put it into a Secret that "
                    "env_secrets of dagster.yaml names"
                )
        return value

    def changed_by(self, other: PodSettings) -> PodSettings:
        """Return these settings overridden by others; tolerations add up."""
        changes = {
            "requests": {**self.requests, **other.requests},
            "limits": {**self.limits, **other.limits},
            "node_selector": {**self.node_selector, **other.node_selector},
            "environment": {**self.environment, **other.environment},
            "tolerations": (*self.tolerations, *other.tolerations),
        }
        given = {name: getattr(other, name) for name in other.model_fields_set}
        return self.model_copy(update={**given, **changes})

    def config(self) -> dict[str, Any]:
        """Return the settings as a value of the tag ``dagster-k8s/config``."""
        resources = {"requests": self.requests, "limits": self.limits}
        container = {
            "resources": {name: given for name, given in resources.items() if given},
            "env": [{"name": name, "value": value} for name, value in sorted(self.environment.items())],
            "image": self.image,
        }
        pod = {
            "node_selector": self.node_selector,
            "tolerations": [toleration.model_dump(exclude_none=True) for toleration in self.tolerations],
            "priority_class_name": self.priority_class,
            "runtime_class_name": self.runtime_class,
        }
        parts = {"container_config": container, "pod_spec_config": pod}
        return {part: {name: value for name, value in given.items() if value} for part, given in parts.items()}


class RunPods(_Strict):
    """The settings of all runs, of runs of a type, and of runs with a profile; later ones win.

    Example:
        >>> RunPods.parse("types: {rust: {limits: {memory: 8Gi}}}").settings("rust", None).limits
        {'memory': '8Gi'}
    """

    default: PodSettings = Field(default=PodSettings(), description="Of every run.")
    types: dict[str, PodSettings] = Field(default_factory=dict, description="Of the runs of a documentation type.")
    profiles: dict[str, PodSettings] = Field(
        default_factory=dict, description="Of the runs with the tag doc_assets/profile: <name>."
    )
    owner_secret: str = Field(
        default="doc-assets-database-owner",
        description="Secret whose DOC_ASSETS_DATABASE_URL the runs of the job gc use where it is there: they remove "
        "content, which the role that loads may not.",
    )

    def of_owner(self) -> dict[str, Any]:
        """Return the environment of a run with the owner's rights, as a value of the tag ``dagster-k8s/config``."""
        key = {"name": self.owner_secret, "key": "DOC_ASSETS_DATABASE_URL", "optional": True}
        variable = {"name": "DOC_ASSETS_DATABASE_URL", "value_from": {"secret_key_ref": key}}
        return {"container_config": {"env": [variable]}}

    @classmethod
    def parse(cls, text: str) -> RunPods:
        """Parse YAML; an empty text changes nothing.

        Raises:
            ConfigurationError: The text is not YAML, or has a field or value that is not allowed.
        """
        try:
            return cls.model_validate(yaml.safe_load(text) or {})
        except yaml.YAMLError as error:
            raise ConfigurationError(f"the settings of run pods are not YAML: {error}") from None
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()
            )
            raise ConfigurationError(
                f"the settings of run pods are wrong: {problems}. They are in run-pods.yaml of the overlay; see "
                "docs/dagster.md"
            ) from None

    def settings(self, doc_type: str | None, profile: str | None) -> PodSettings:
        """Return the settings of a run of a type with a profile; raise ConfigurationError for an unknown profile."""
        found = self.default.changed_by(self.types.get(doc_type or "", PodSettings()))
        if profile is None:
            return found
        if profile not in self.profiles:
            known = ", ".join(sorted(self.profiles)) or "none is configured"
            raise ConfigurationError(f"there is no profile {profile!r} for run pods; those there are: {known}")
        return found.changed_by(self.profiles[profile])


def label_value(text: str) -> str:
    """Return the text as a label's value: characters not allowed become ``-``, and a changed text ends in a hash.

    So two partitions never share a value; the exact name is in the annotation of the same name.
    """
    plain = _NO_LABEL.sub("-", text).strip("-_.")
    if plain == text and len(plain) <= _LABEL_LENGTH:
        return plain
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{plain[: _LABEL_LENGTH - 9].rstrip('-_.')}-{digest}".lstrip("-")


def fingerprint(config: str) -> str:
    """Return sixteen hex digits for a value of the tag ``dagster-k8s/config``, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(json.loads(config), sort_keys=True).encode()).hexdigest()[:16]
