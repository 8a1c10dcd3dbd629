"""The table of rules is complete and free of circles, names the query of each rule, and is in docs/validate.md."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from graphlib import TopologicalSorter

from doc_assets.store.audit import chunks, documents, manifests, near_duplicates, precedence, unreadable
from doc_assets.store.audit.rules import BY_NAME, RULES, Rule, content_queries, snapshot_queries
from doc_assets.validation.audit import CHECKS, CheckResult
from doc_assets_tests.support import ROOT

PAGE = ROOT / "docs" / "validate.md"
COUNTS = {"files", "loaded", "duplicate", "skipped", "rejected", "bytes", "documents", "chunks", "tokens"}
# These read what every audit reads.
ALWAYS = (manifests.compare_manifests, manifests.pointers, manifests.digests)


def markdown_table() -> str:
    """The table of docs/validate.md."""
    lines = ["| check | rule | what it proves | a finding names | suppresses |", "|---|---|---|---|---|"]
    before = None
    for rule in RULES:
        check = f"`{rule.check}`" if rule.check != before else ""
        before = rule.check
        cells = (check, f"`{rule.name}`", rule.proves, rule.subject, _suppresses(rule))
        lines.append("".join(f"| {cell} " if cell else "| " for cell in cells) + "|")
    return "\n".join(lines)


def _suppresses(rule: Rule) -> str:
    names = [f"`{name}`" for name in rule.suppresses]
    if rule.explains:
        names.append(f"`recorded_counts` of {' and '.join(rule.explains)}")
    return ", ".join(names)


def _reported(function: Callable) -> set[str]:
    """Names of rules in the code of a function and of the private ones that it calls."""
    function = inspect.unwrap(function)
    text = inspect.getsource(function)
    private = {name: value for name, value in vars(inspect.getmodule(function)).items() if name.startswith("_")}
    for name in set(re.findall(r"\b_\w+", text)) & set(private):
        value = private[name]
        text += inspect.getsource(value) if inspect.isfunction(value) else repr(value)
    return {name for name in BY_NAME if f'"{name}"' in text or f"'{name}'" in text}


def test_the_page_holds_the_table_of_rules():
    table = markdown_table()
    assert table in PAGE.read_text(), f"docs/validate.md does not hold the table of the rules, which is now\n\n{table}"


def test_each_rule_stands_once_and_suppresses_rules_that_exist():
    assert len(BY_NAME) == len(RULES)
    assert {name for rule in RULES for name in rule.suppresses} <= set(BY_NAME)
    assert {count for rule in RULES for count in rule.explains} <= COUNTS
    # Raises if a rule suppresses itself, be it by way of others.
    TopologicalSorter({rule.name: rule.suppresses for rule in RULES}).prepare()
    assert [rule.check for rule in RULES] == [rule.check for check in CHECKS for rule in RULES if rule.check == check]


def test_each_rule_names_the_query_that_reports_it():
    for rule in RULES:
        if query := rule.query or rule.snapshot_query:
            assert rule.name in _reported(query), f"{rule.name} is not reported by {query}"
    others = {rule.name for rule in RULES if not (rule.query or rule.snapshot_query)}
    unread = {name for name in others if name.startswith("unreadable_")}
    assert others - unread <= {*_reported(precedence.root_causes), *(n for f in ALWAYS for n in _reported(f))}
    assert {rule for query in content_queries(RULES) for rule in _reported(query)} <= set(BY_NAME) - others | unread


def test_a_name_that_is_not_in_the_table_is_reported_by_no_query():
    for module in (chunks, documents, near_duplicates, manifests, precedence, unreadable):
        assert set(re.findall(r'\bFinding\(\s*"(\w+)"', inspect.getsource(module))) <= set(BY_NAME)


def test_only_the_queries_of_the_audited_rules_run_and_the_longest_first():
    assert content_queries(rule for rule in RULES if rule.check == "duplicates") == []
    assert snapshot_queries(rule for rule in RULES if rule.check == "duplicates") == [manifests.entries]
    queries = content_queries(RULES)
    assert queries[0] == chunks.search_vectors
    assert len(queries) == len({rule.query for rule in RULES} - {None})


def test_findings_that_are_not_shown_are_counted_and_the_command_lists_them():
    rows = [f"chunk_checksum: chunk {n}" for n in range(9)]
    row = CheckResult("rust/tokio", 41, "checksums", False, {"chunks": 20, "chunk_checksum": 9}, rows)
    *shown, more = row.first_findings.split("; ")
    assert (shown, more) == (rows[:5], "4 more: doc-assets validate 41 --json lists them")


def test_the_key_of_findings_in_json_stays():
    row = CheckResult("rust/tokio", 1, "counts", False, {"files": 4}, ["recorded_counts: files 4, rows 3"]).as_json()
    assert list(row) == ["partition", "snapshot", "check", "passed", "figures", "offenders"]
    assert row["offenders"] == ["recorded_counts: files 4, rows 3"]
