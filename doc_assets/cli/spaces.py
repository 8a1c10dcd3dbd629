"""``doc-assets spaces`` and ``migrate --space``: list, drop and switch embedding spaces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import typer

from doc_assets.cli.embedding_meter import EmbeddingMeter
from doc_assets.cli.output import JSON_OPTION, WIDE_OPTION, print_json, print_note, print_table
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.model_lookup import ModelName, settings_of
from doc_assets.embedding.opening import calls_of, open_embedder
from doc_assets.embedding.space import EmbeddingSpace, describe_space
from doc_assets.errors import EmbeddingError, Misuse
from doc_assets.runtime.progress import duration
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.database.retries import RetryPolicy
from doc_assets.store.schema.opening import open_for_reading, open_store
from doc_assets.store.spaces import listing, spaces

app = typer.Typer(invoke_without_command=True)


@app.callback()
def list_all(context: typer.Context, as_json: bool = JSON_OPTION, wide: bool = WIDE_OPTION) -> None:
    """List embedding spaces with their vectors and live partitions."""
    if context.invoked_subcommand is not None:
        return
    with open_for_reading(Settings.from_environment()) as store:
        rows = listing.list_spaces(store)
    if as_json:
        print_json(rows)
        return
    print_table(
        "embedding spaces",
        ["id", "model", "precision", "reading", "prompts", "dimensions", "window", "vectors", "covers", "live in",
         "index", "MB", "made"],
        [
            (str(r.id), r.name, r.precision, r.reading, r.prompts, r.dimensions, r.window, r.vectors,
             "" if r.covered_percent is None else f"{r.covered_percent:.2f} %",
             f"{r.live} partitions" if r.live else "", r.indexed, r.bytes / 1e6, r.created_at)
            for r in rows
        ],
        first=["id", "model", "precision", "live in"],
        wide=wide,
    )  # fmt: skip


@app.command("drop")
def drop(space: int = typer.Argument(help="Id from doc-assets spaces."), as_json: bool = JSON_OPTION) -> None:
    """Remove the vectors of a space that no kept snapshot needs."""
    with open_store(Settings.from_environment(), create=False) as store:
        dropped = listing.drop_space(store, space)
    if as_json:
        print_json(dropped)
        return
    kept = "" if dropped.forgotten else "; its row stays, since the history of collected snapshots names it"
    print_note(
        f"dropped space {space} ({dropped.name}): {dropped.vectors:,} vectors, {dropped.bytes / 1e6:,.1f} MB{kept}"
    )


def migrate_to(settings: Settings, wanted: str, *, dry_run: bool, as_json: bool) -> None:
    """Run ``migrate --space``: embed the stored chunks with a model, then switch all partitions at once."""
    from doc_assets.ingest.model_change import ModelChange

    with open_store(settings, create=False) as store, EmbeddingMeter() as meter:
        model, open_model = _resolve(settings, store, wanted)
        change = ModelChange(
            store,
            model,
            open_model,
            threads=settings.threads,
            calls=calls_of(settings),
            retry=RetryPolicy(settings.retry_attempts, settings.retry_longest_wait),
            on_progress=meter.show,
            on_step=print_note,
        )
        if dry_run:
            plan = change.plan()
            outcome = {"model": model.name, "precision": model.precision, **asdict(plan)}
            sentence = (
                f"{model.name} ({model.precision}): {plan.chunks:,} chunks with {plan.tokens:,} tokens to embed, about "
                f"{duration(plan.seconds)}; nothing was written"
                if plan.chunks
                else f"{model.name} ({model.precision}) has a vector for all that is live: the switch takes seconds"
            )
        else:
            done = change.run()
            outcome = {"model": model.name, "precision": model.precision, **asdict(done)}
            sentence = (
                f"{model.name} ({model.precision}) is live in {done.partitions} partitions: {done.embedded:,} chunks "
                f"embedded, {done.audited} snapshots audited, {duration(done.seconds)}; to go back: doc-assets "
                f"rollback --run {done.run_id}"
                if done.partitions
                else f"{model.name} ({model.precision}) is live everywhere already: nothing was switched"
            )
    if as_json:
        print_json(outcome)
    else:
        print_note(sentence)


def _resolve(settings: Settings, store: Store, wanted: str) -> tuple[EmbeddingSpace, Callable[[], Embedder]]:
    """Return the named model and its loader: as it is set up now, prompts included, if it can be, else as stored.

    Raises:
        Misuse: No space or model has that name, or several have.
    """
    named = ModelName.parse(wanted)
    configured = named.settings(settings)
    with store.connect("doc-assets migrate --space") as connection:
        if wanted.isdecimal():
            return _stored(settings, spaces.model_of(connection, int(wanted)))
        asked = settings.embedding_precision
        precision = named.precision or (None if asked == "auto" else asked)
        found = [] if named.is_folder else listing.find_spaces(connection, named.name, precision)
        current = _described(configured) if found else None
        if {of for _, of in found} == {current and current.precision}:
            found = []
        if len(found) > 1:
            raise Misuse(
                f"{wanted} names several embedding spaces: "
                + ", ".join(f"{space_id} ({of})" for space_id, of in found)
                + "; give the number, or NAME@PRECISION"
            )
        if found:
            stored = spaces.model_of(connection, found[0][0])
            if current is not None and spaces.live_models(connection) == [stored]:
                raise Misuse(
                    f"{wanted} is live in {stored.precision} ({stored.reading}), and as it is set up here it is "
                    f"{current.precision} ({current.reading}): say which precision you want, "
                    f"{wanted}@{current.precision} or {wanted}@{stored.precision}"
                )
            return _stored(settings, stored)
    return describe_space(configured), lambda: open_embedder(configured)


def _described(settings: Settings) -> EmbeddingSpace | None:
    try:
        return describe_space(settings)
    except EmbeddingError:
        return None


def _stored(settings: Settings, model: EmbeddingSpace) -> tuple[EmbeddingSpace, Callable[[], Embedder]]:
    return model, lambda: open_embedder(settings_of(settings, model))
