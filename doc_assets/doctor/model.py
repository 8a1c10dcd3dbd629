"""The embedding model: its files, its converted graph, its precision; with ``--online`` the endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from doc_assets.doctor.diagnosis import Diagnosis, ok, warning
from doc_assets.doctor.examination import Surroundings, examination
from doc_assets.settings import Settings


@examination("model")
def model(surroundings: Surroundings) -> Iterator[Diagnosis]:
    """Say whether the model is here, what it computes in, and whether it is converted; loads no model."""
    from doc_assets.embedding.space import choose_backend, describe_space, local_folder

    settings = surroundings.settings
    folder = local_folder(settings)
    if folder is None:
        sentence = f"{settings.embedding_model} is not here: the first load downloads it from the hub"
        yield warning("model", sentence, "without a network, set DOC_ASSETS_EMBEDDING_MODEL to a folder")
        return
    # By its folder: the hub is asked for what is named by a name.
    found = replace(settings, embedding_model=str(folder))
    space, backend = describe_space(found), choose_backend(settings)
    digest = f"digest {space.weights_sha256[:12]}" if space.weights_sha256 else "its weights are at the endpoint"
    yield ok("model", f"{settings.embedding_model}, {backend}, {space.precision}, {digest}")
    if backend == "openvino":
        yield _of_graph(settings, found)


def _of_graph(settings: Settings, found: Settings) -> Diagnosis:
    from doc_assets.embedding.converted_graphs import graph_paths
    from doc_assets.embedding.space import describe_space, model_folders

    space = replace(describe_space(found), name=settings.embedding_model)
    paths = graph_paths(space, model_folders(settings))
    there = next((path for path in paths if path.is_file()), None)
    if there:
        return ok("graph", f"converted for OpenVINO in {there.parent.parent}")
    return ok("graph", "not converted yet: the first load does that, in 20 s, with 1 GB of memory meanwhile")


@examination("endpoint")
def endpoint(surroundings: Surroundings) -> Iterator[Diagnosis]:
    """Embed a word at the endpoint, if there is one and ``--online`` is given."""
    from doc_assets.embedding.opening import open_embedder
    from doc_assets.embedding.prompts import Role
    from doc_assets.embedding.space import choose_backend

    settings = surroundings.settings
    if choose_backend(settings) != "http":
        return
    if not surroundings.online:
        yield ok("endpoint", f"{settings.embedding_url}, not asked: --online does that")
        return
    embedder = open_embedder(replace(settings, retry_attempts=1))
    dimensions = embedder.embed(["word"], Role.QUERY).shape[1]
    yield ok("endpoint", f"{settings.embedding_url} answers with {dimensions} dimensions")
