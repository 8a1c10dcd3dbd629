"""One document that is refused is put aside alone; what refuses everything ends the load at once."""

from __future__ import annotations

import numpy as np
import pytest
from psycopg import sql

from doc_assets.document import Chunk
from doc_assets.errors import EmbeddingError, EmbeddingRefused, StoreError
from doc_assets.ingest.chunk_embedder import ChunkEmbedder
from doc_assets.store.versions import listing
from doc_assets_tests.support.loading import HashEmbedder, guide, load

PARTITION = "best_practices/guides"


def refusing(embedder: HashEmbedder, *poison: str) -> list[int]:
    """Makes the embedder refuse every call with a text that holds one of the words; how many texts each call had."""
    calls: list[int] = []
    embed = embedder.embed

    def embed_or_refuse(texts, role):
        calls.append(len(texts))
        if any(word in text for text in texts for word in poison):
            raise EmbeddingRefused("status 422: no")
        return embed(texts, role)

    embedder.embed = embed_or_refuse
    return calls


def chunk(i: int, text: str) -> Chunk:
    return Chunk("Page", text, 0, len(text), (), None, token_count=i)


def rejected(store) -> dict[str, str | None]:
    return {row.path: row.reason for row in listing.manifest(store, PARTITION) if row.outcome == "rejected"}


def test_a_document_that_the_model_refuses_is_quarantined_alone(source, loader, store):
    source.write_guides(8)
    calls = refusing(loader.embedder, "subject4 ")
    result = load(loader, store, source)
    assert (result.loaded, result.rejected) == (7, 1)
    assert rejected(store) == {
        "guide-04.md": "embedding refused: status 422: no; exclude it in the catalogue, or mend what the model serves"
    }
    assert len(calls) < 2 + 2 * result.chunks.bit_length() + 2
    assert len(set(loader.embedder.texts)) == len(loader.embedder.texts)  # none is embedded twice on the way down


def test_a_file_with_the_same_refused_passage_is_rejected_without_asking_again(source, loader, store, monkeypatch):
    monkeypatch.setattr("doc_assets.ingest.load_run.BATCH_CHUNKS", 2)
    source.write("a.md", guide(4))
    source.write("b.md", guide(4) + "\n\n## More\n\nOther words at the end.\n")
    calls = refusing(loader.embedder, "subject4 ")
    assert set(rejected_after(source, loader, store)) == {"a.md", "b.md"}
    asked = [texts for texts in calls if texts > 1]
    assert len(asked) == 1


def rejected_after(source, loader, store) -> dict[str, str | None]:
    load(loader, store, source)
    return rejected(store)


def test_what_refuses_every_text_ends_the_load_at_once_and_rejects_nothing(source, loader, store):
    source.write_guides(8)
    calls = refusing(loader.embedder, "")
    with pytest.raises(EmbeddingError, match="refuses every text") as error:
        loader.stage(loader.survey(source.partition, source.catalogue), run_id="test")
    assert not isinstance(error.value, EmbeddingRefused) and len(calls) == 2
    with store.connect() as connection:
        assert connection.execute("SELECT count(*) FROM snapshot_file").fetchone() == (0,)
        assert connection.execute("SELECT status FROM snapshot").fetchall() == [("staging",)]


def test_a_bad_endpoint_is_no_refusal(source, loader):
    source.write_guides(2)

    def broken(*_):
        raise EmbeddingError("status 401")

    loader.embedder.embed = broken
    with pytest.raises(EmbeddingError, match="status 401"):
        loader.stage(loader.survey(source.partition, source.catalogue), run_id="test")


def test_refused_chunks_are_found_in_halves_and_all_others_keep_their_own_vector():
    chunks = [chunk(i, f"text {i}" + (" poison" if i in (3, 77, 200) else "")) for i in range(300)]

    class Numbers:
        def embed(self, texts, role):
            if any("poison" in text for text in texts):
                raise EmbeddingRefused("no")
            return np.array([[float(text.split("text ")[-1])] if "text" in text else [0.0] for text in texts])

    told: list[int] = []
    embedder = ChunkEmbedder(Numbers, lambda piece: told.append(len(piece)))  # pyrefly: ignore[bad-argument-type]
    vectors = embedder.vectors(chunks)
    assert set(embedder.refused) == {chunks[i].id for i in (3, 77, 200)}
    assert {key: vector[0] for key, vector in vectors.items()} == {
        chunks[i].id: float(i) for i in range(300) if i not in (3, 77, 200)
    }
    assert sum(told) == 297


@pytest.mark.parametrize("code", ["54000", "22023", "23514"])
def test_what_the_database_refuses_of_a_document_is_quarantined(source, loader, store, code):
    """54000, a value that is too large, comes as an operational error."""
    source.write_guides(4)
    refuse_title(store, "Guide 2", code)
    load(loader, store, source)
    assert list(rejected(store)) == ["guide-02.md"]


@pytest.mark.parametrize("code", ["42501", "53100", "58030"])
def test_what_is_wrong_with_the_database_itself_rejects_no_document(source, loader, store, code):
    source.write_guides(4)
    refuse_title(store, "Guide 2", code)
    with pytest.raises(StoreError) as error:
        loader.stage(loader.survey(source.partition, source.catalogue), run_id="test")
    assert "\n" not in str(error.value)
    with store.connect() as connection:
        assert connection.execute("SELECT count(*) FROM snapshot_file").fetchone() == (0,)


def refuse_title(store, title: str, code: str) -> None:
    with store.connect() as connection:
        connection.execute(
            sql.SQL(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.title = {title} THEN"
                " RAISE EXCEPTION 'not this one' USING ERRCODE = {code}; END IF; RETURN NEW; END $$;"
                "CREATE TRIGGER refuse BEFORE INSERT ON document FOR EACH ROW EXECUTE FUNCTION refuse()"
            ).format(title=sql.Literal(title), code=sql.Literal(code))
        )
