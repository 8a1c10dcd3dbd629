"""``make bench``: what it loads and edits, what its report says, and that the README's figures stand in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.bench_corpus import copied, edit
from benchmarks.bench_report import Row, Section, rate, replaced, slope, until_freed
from benchmarks.ladder import latencies
from benchmarks.search import row_name
from doc_assets_tests.support import ROOT

_FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?")


def figures(text: str) -> set[str]:
    return {figure.rstrip(",") for figure in _FIGURE.findall(re.sub(r"\]\([^)]*\)", "]", text))}


def test_each_figure_of_the_readme_stands_in_the_results() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [section] = re.findall(r"^## Figures\n(.*?)^## ", readme, re.DOTALL | re.MULTILINE)
    assert len(figures(section)) > 20
    assert figures(section) - figures((ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")) == set()


def test_every_plot_of_the_results_is_there() -> None:
    report = ROOT / "benchmarks" / "RESULTS.md"
    plots = re.findall(r"!\[[^\]]*\]\(([^)]*)\)", report.read_text(encoding="utf-8"))
    assert [plot for plot in plots if not (report.parent / plot).is_file()] == []


def test_latencies_are_read_as_this_checkout_and_older_ones_print_them() -> None:
    now = {row_name("memory", "hybrid", 1): {"p50_ms": 1.0, "p95_ms": 2.0}}
    assert latencies(now, "hybrid") == (1.0, 2.0)
    assert latencies({"hybrid": {"median_ms": 1.0, "p95_ms": 2.0}}, "hybrid") == (1.0, 2.0)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for n in range(30):
        for source in ("ebpf/libbpf", "rust/std"):
            path = tmp_path / "corpus" / source / f"page{n:02d}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                f"# Page {n}\n\nA paragraph about which value the function of page {n} should return here.\n"
            )
    (tmp_path / "corpus" / "README.md").write_text("of no source")
    return tmp_path / "corpus"


def test_a_slice_is_the_named_sources_and_a_limit_their_first_files(corpus: Path, tmp_path: Path) -> None:
    assert len(copied(corpus, tmp_path / "all").files) == 60
    some = copied(corpus, tmp_path / "some", ["rust/std"], limit=4)
    assert [str(path.relative_to(some.folder)) for path in some.files] == [f"rust/std/page0{n}.md" for n in range(4)]
    assert some.name == "corpus: rust/std, the first 4 files of each source"
    with pytest.raises(SystemExit, match="has no java"):
        copied(corpus, tmp_path / "none", ["java"])


def test_edits_change_the_same_files_every_time_as_many_as_asked_for_and_leave_the_corpus(
    corpus: Path, tmp_path: Path
) -> None:
    changed = []
    for name in ("one", "two"):
        documents = copied(corpus, tmp_path / name)
        assert edit(documents, 0.05) == 3
        changed.append(
            {
                str(path.relative_to(documents.folder)): path.read_text()
                for path in documents.files
                if path.read_text() != (corpus / path.relative_to(documents.folder)).read_text()
            }
        )
    assert changed[0] == changed[1]
    assert len(changed[0]) == 3
    assert edit(copied(corpus, tmp_path / "three", limit=2), 0.01) == 1


def test_a_section_replaces_the_one_of_the_same_documents_and_leaves_the_rest() -> None:
    def section(name: str, value: float) -> Section:
        return Section(name, ["this", "against"], {"CPU": "x"}, [Row("docs/min", [value, 2.0])], {"results/a.svg": "a"})

    report = replaced(replaced("# Results\n\nby hand\n", section("ebpf", 3)), section("everything", 4))
    again = replaced(report, section("ebpf", 7))
    assert "by hand" in again
    assert again.count("## ebpf") == 1
    assert "| docs/min | 7.0 | 2.0 | 3.50 |" in again and "| docs/min | 4.0 | 2.0 | 2.00 |" in again
    assert "| docs/min | 3.0" not in again
    assert replaced(again, section("ebpf", 7)) == again


def test_a_figure_that_one_side_lacks_has_no_ratio() -> None:
    assert Row("questions", [0.9, None], "{:.3f}").cells() == ["questions", "0.900", "", ""]
    assert Row("seconds", [0.9]).cells() == ["seconds", "0.9"]


def test_growth_is_that_of_the_second_half_and_a_rate_that_of_each_part() -> None:
    rising_then_flat = [(float(t), float(min(t, 50))) for t in range(101)]
    assert slope(rising_then_flat) == pytest.approx(0, abs=1e-9)
    assert slope([(float(t), 3.0 * t) for t in range(101)]) == pytest.approx(3)
    assert slope(until_freed([*rising_then_flat, (101.0, 5.0), (140.0, 5.0)])) == pytest.approx(0, abs=1e-9)
    assert list(until_freed([])) == []
    assert slope([]) == slope([(1.0, 2.0)]) == 0
    busy = [(t / 10, 2.0 * t / 10) for t in range(1001)]
    assert {round(value, 6) for _, value in rate(busy)} == {2.0}
    assert rate([]) == []
