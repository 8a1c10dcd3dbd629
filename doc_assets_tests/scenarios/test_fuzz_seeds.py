"""Every input that ever broke a reader, or that shows what it must cope with, is read soundly and within its time.

The inputs are in ``fuzz/seeds``, those that fuzzing found among them (``FOUND.md`` says what each was).
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from importlib.metadata import entry_points
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doc_assets.formats.registry import ENTRY_POINTS
from doc_assets_tests.support import ROOT
from fuzz.observing import Finding, observe, seconds_allowed
from fuzz.properties import check
from fuzz.targets import SEEDS, TARGETS, Target, warm_up

# Other tests run beside, and CPU seconds are shorter on a quiet machine: what is meant is "hangs", not "was disturbed".
SLACK = 4.0


@pytest.fixture(params=TARGETS.values(), ids=list(TARGETS))
def target(request) -> Target:
    warm_up(request.param)
    return request.param


def test_every_installed_format_of_ours_is_fuzzed():
    ours = {point.name for point in entry_points(group=ENTRY_POINTS) if point.dist and point.dist.name == "doc-assets"}
    assert ours and ours <= set(TARGETS)


def test_the_seeds_of_a_target_are_read_soundly(target):
    seeds = list(target.seeds())
    assert seeds
    findings = {path.name: observe(target, path.read_bytes(), slack=SLACK) for path in seeds}
    assert {name: str(finding) for name, finding in findings.items() if finding} == {}


def test_what_is_made_out_of_the_seeds_is_read_soundly(target):
    inputs = [path.read_bytes() for path in target.seeds()]

    @settings(max_examples=15, deadline=None, derandomize=True, database=None)
    @given(st.integers(0, 2**32), st.sampled_from(inputs))
    def holds(number: int, data: bytes) -> None:
        made = target.mutate(data, 4_000, Random(number))  # noqa: S311 - repeatable, not secret
        assert observe(target, made, slack=SLACK) is None

    holds()


def test_every_found_seed_is_explained():
    found = {path.relative_to(SEEDS).as_posix() for path in SEEDS.glob("*/found-*")}
    index = SEEDS / "FOUND.md"
    explained = index.read_text() if index.is_file() else ""
    assert {name for name in found if f"`{name}`" not in explained} == set()


DIGESTS = """
import hashlib
from doc_assets.formats import RawFile, parse
from doc_assets.formats.registry import format_names
from fuzz.targets import TARGETS
for name in sorted(TARGETS.keys() & set(format_names())):
    for path in TARGETS[name].seeds():
        try:
            told = repr(parse(RawFile(path.name, path.read_bytes()), name))
        except Exception as error:
            told = repr(error)
        print(name, path.name, hashlib.sha256(told.encode("utf-8", "replace")).hexdigest())
"""


def test_documents_do_not_depend_on_the_hash_seed_of_the_process():
    def told(seed: str) -> bytes:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [sys.executable, "-c", DIGESTS], env=environment, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=120
        ).stdout

    first, second = told("1").splitlines(), told("2").splitlines()
    assert len(first) > 20
    assert [line for line in second if line not in first] == []


def broken(behaviour) -> Finding | None:
    return observe(Target("broken", "", behaviour, TARGETS["text"].mutate), b"input")


def test_a_hang_an_undocumented_exception_and_a_broken_property_are_found():
    def hangs(data: bytes, thorough: bool) -> None:
        while True:
            hashlib.sha256(data)

    def raises(data: bytes, thorough: bool) -> None:
        raise KeyError("a")

    def violates(data: bytes, thorough: bool) -> None:
        check(False, "a block is empty")

    found = [broken(hangs), broken(raises), broken(violates)]
    assert [finding and finding.kind for finding in found] == ["slow", "KeyError", "Violated"]
    assert broken(lambda data, thorough: None) is None


def test_the_time_allowed_grows_with_the_input_and_ends_at_two_seconds_for_64_kilobytes():
    assert seconds_allowed(0) == pytest.approx(0.3)
    assert seconds_allowed(10_000) == pytest.approx(0.8)
    assert seconds_allowed(64_000) == pytest.approx(2.0)
