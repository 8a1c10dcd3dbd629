"""A sample of a folder: the same for the same seed, no larger than asked, and with every answering file."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.errors import Misuse
from doc_assets.ingest import folder_sample
from doc_assets.ingest.folder_sample import PlacedChunk, sample_folder
from doc_assets.settings import Settings
from doc_assets_tests.support.loading import guide, shared_parse_pool


class Kept:
    """The shared workers, which outlive the test."""

    def __init__(self, _: Settings) -> None:
        self.parse = shared_parse_pool().parse

    def close(self) -> None:
        """Leave them running."""


def test_a_sample_is_random_bounded_and_holds_the_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_sample, "ParsePool", Kept)
    monkeypatch.setattr(folder_sample, "_FILES_AT_A_TIME", 4)
    settings = Settings.from_environment({"DOC_ASSETS_HOME": str(tmp_path / "home")})
    for n in range(12):
        path = tmp_path / "docs" / "rust" / ("a" if n < 6 else "b") / f"g{n}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(guide(n))

    def drawn(seed: int, size: int = 3, *answering: str, folder: str = "docs") -> list[PlacedChunk]:
        return sample_folder(tmp_path / folder, settings, size, seed, answering)

    assert drawn(1) == drawn(1) != drawn(2)
    assert len(drawn(1)) == 3
    everything = drawn(1, 1000)
    assert {chunk.place for chunk in everything} == {("rust", "a" if n < 6 else "b", f"g{n}.md") for n in range(12)}
    answered = drawn(1, 2, "rust/b/g9.md", "rust/b/absent.md")
    of_answer = [chunk for chunk in everything if chunk.place == ("rust", "b", "g9.md")]
    assert set(of_answer) <= set(answered) and len(answered) <= 2 + len(of_answer)
    # A folder of another layout is one source.
    assert {chunk.place[:2] for chunk in drawn(1, 9, folder="docs/rust/a")} == {("documents", "folder")}
    with pytest.raises(Misuse, match="there is no folder"):
        drawn(1, folder="absent")
