"""Settings of run pods as values."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from doc_assets.dagster.pod_resources import RunPods, label_value
from doc_assets.errors import ConfigurationError
from doc_assets_tests.support.texts import any_text

LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")


@given(any_text(max_size=130))
def test_any_text_becomes_a_label_that_kubernetes_takes(text: str) -> None:
    assert LABEL.fullmatch(label_value(text))


def test_names_that_are_labels_already_stay_and_long_ones_stay_apart() -> None:
    assert label_value("std.2") == "std.2"
    long = "a" * 80
    assert label_value(long + "1") != label_value(long + "2")
    assert label_value("a/b") != label_value("a-b")


def test_a_profile_goes_before_a_type_and_a_type_before_the_default() -> None:
    pods = RunPods.parse("""
        default: {requests: {cpu: 1, memory: 1Gi}, environment: {A: 1}, priority_class: low}
        types: {rust: {requests: {memory: 2Gi}, tolerations: [{key: big, operator: Exists}]}}
        profiles: {gpu: {requests: {memory: 3Gi}, tolerations: [{key: gpu, operator: Exists}], priority_class: high}}
    """)
    found = pods.settings("rust", "gpu")
    assert found.requests == {"cpu": "1", "memory": "3Gi"}
    assert found.environment == {"A": "1"}
    assert [toleration.key for toleration in found.tolerations] == ["big", "gpu"]
    assert found.priority_class == "high"
    assert pods.settings("ebpf", None).requests == {"cpu": "1", "memory": "1Gi"}


def test_a_profile_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match=r"no profile 'gpuu'.*those there are: gpu"):
        RunPods.parse("profiles: {gpu: {}}").settings(None, "gpuu")


def test_nothing_given_changes_nothing() -> None:
    assert not any(RunPods.parse("").settings("rust", None).config().values())


@pytest.mark.parametrize(
    "environment",
    ["{DOC_ASSETS_EMBEDDING_API_KEY: s3cr3t-k3y}", "{HTTPS_PROXY: 'http://robot:s3cr3t-k3y@proxy:3128'}"],
)
def test_a_secret_among_the_variables_is_refused_since_every_tag_would_show_it(environment: str) -> None:
    with pytest.raises(ConfigurationError, match="put it into a Secret") as refused:
        RunPods.parse(f"default: {{environment: {environment}}}")
    assert "s3cr3t" not in str(refused.value)
