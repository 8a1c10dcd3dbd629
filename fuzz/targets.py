"""What is fuzzed: every registered format, the readers of archives, front matter, llms.txt and catalogues, the chunker.

A target takes bytes and raises only when something is wrong; what the thing under test may raise, it takes. How inputs
are made is in ``mutation``, how they are judged in ``observing``.
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from doc_assets import formats
from doc_assets.catalogue import LlmsTxtSource
from doc_assets.document import Block, Document, Section, clean_text
from doc_assets.embedding.opening import open_tokenizer
from doc_assets.embedding.tokenizer import WindowTokenizer
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.markdown.front_matter import split_front_matter
from doc_assets.formats.navigation.llms_order import order_file
from doc_assets.formats.navigation.place import Place
from doc_assets.formats.pdf.format import document_of
from doc_assets.formats.pdf.lines import Line, Mark, PdfText, Sheet
from doc_assets.settings import Settings
from doc_assets.sources.llms_txt.addresses import Paths, Reach, shown_address, with_suffix
from doc_assets.sources.llms_txt.listing import listing_of
from fuzz import vocabulary
from fuzz.files import run_archive, run_catalogue
from fuzz.mutation import Mutate, json_mutator, text_mutator
from fuzz.properties import check, check_chunks, check_documents, check_metadata

SEEDS = Path(__file__).parent / "seeds"
_EXAMPLES = Path(__file__).parents[1] / "examples"


@dataclass(frozen=True, slots=True)
class Target:
    """Something that reads foreign bytes.

    Attributes:
        name: As on the command line, and of its folder in ``seeds``.
        suffix: Of its seeds.
        run: Called with the input and whether to check what costs extra; raises if something is wrong.
        mutate: Makes a new input.
        examples: Glob of the files in ``examples/`` that are seeds as well.
        patience: Times the CPU seconds that an input may take.
    """

    name: str
    suffix: str
    run: Callable[[bytes, bool], None]
    mutate: Mutate
    examples: str = ""
    patience: float = 1.0

    def seeds(self) -> Iterator[Path]:
        """The stored inputs, then the examples."""
        yield from sorted((SEEDS / self.name).glob(f"*{self.suffix}"))
        if self.examples:
            yield from sorted(path for path in _EXAMPLES.glob(self.examples) if path.is_file())


@functools.cache
def _tokenizer() -> WindowTokenizer:
    return open_tokenizer(Settings.from_environment({}))


class SmallBook:
    """The files beside the page that is fuzzed: a part, a table of contents, one that includes itself, the page."""

    def __init__(self, path: str, data: bytes) -> None:
        """The page is its own neighbour: a page may include itself."""
        self._files = {
            path: data,
            "SUMMARY.md": b"# Summary\n\n# Book\n\n- [Chapter](chapter.md)\n  - [Page](page.md)\n",
            "src/SUMMARY.md": b"# Summary\n\n- [Chapter](chapter.md)\n  - [Page](page.md)\n",
        }
        for name, text in _PARTS.items():
            self._files[name] = self._files[f"src/{name}"] = text

    def read(self, path: str) -> bytes | None:
        """See ``doc_assets.formats.base.Neighbours``."""
        return self._files.get(path)


_PARTS = {
    "part.md": b"# Part\n\nShared words.\n\n{{#include part.md}}\n\nANCHOR: anchor\nwords\nANCHOR_END: anchor\n",
    "part.qmd": b"# Part\n\n```{r, child='part.Rmd'}\n```\n\n{{< include part.qmd >}}\n",
    "part.Rmd": b"Shared words.\n\n```{r, child='part.qmd', echo=FALSE}\n```\n",
    "part.mdx": b"<Note>Shared words.</Note>\n\nimport Part from './part.mdx'\n",
    "part.rs": b"// ANCHOR: anchor\nfn main() {}\n// ANCHOR_END: anchor\n",
    "part.yaml": b"Owner: {type: object, properties: {pet: {$ref: 'api.yaml#/components/schemas/Pet'}}}\n",
    "part.adoc": b"= Part\n\nShared words.\n\ninclude::part.adoc[]\n\n// tag::a[]\nwords\n// end::a[]\n",
    "part.8": b"Shared \\fIwords\\fR.\n.so man8/part.8\n.so part.8\n",
    "part.rst": b"Part\n====\n\nShared words.\n\n.. include:: part.rst\n",
}


def _run_format(name: str, path: str, data: bytes, thorough: bool) -> None:
    file = RawFile(path, data, {"crate": "demo", "version": "1.2.3"}, SmallBook(path, data))
    try:
        documents = formats.parse(file, name)
    except (DocumentRejected, DocumentSkipped) as refusal:
        check(str(refusal).strip(), "a refusal without a reason")
        return
    check_documents(documents, len(data))
    if not thorough:
        return
    check(formats.parse(file, name) == documents, "a second parse gives another document")
    for document in documents[:20]:
        check_chunks(document, _tokenizer())


def _run_jupytext(data: bytes, thorough: bool) -> None:
    _run_format("jupytext", "src/page.md" if data.startswith(b"---") else "src/page.py", data, thorough)


def _run_front_matter(data: bytes, thorough: bool) -> None:
    text = clean_text(data.decode("utf-8", "replace"))
    facts, body = split_front_matter(text)
    check_metadata(facts)
    check(text.endswith(body), "the body is not the end of the text", body)
    check(sum(len(str(key)) + len(str(value)) for key, value in facts.items()) < 20_000, "facts without a limit")


def _run_chunks(data: bytes, thorough: bool) -> None:
    """The document that the JSON describes, cut: ``{"title", "parents", "sections": [{"path", "blocks"}]}``."""
    try:
        described = json.loads(data)
        sections = tuple(_section(section) for section in described["sections"])
        title = clean_text(str(described["title"])).strip() or "Untitled"
        parents = tuple(clean_text(str(parent)).strip() or "Book" for parent in described.get("parents", ()))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return  # describes no document
    document = Document(title, "markdown", sections, {}, parents)
    if not document.is_empty():
        check_chunks(document, _tokenizer())


def _section(described: dict) -> Section:
    path = tuple(clean_text(str(heading)).replace("\n", " ").strip() or "Part" for heading in described["path"])
    blocks = [(kind, clean_text(str(text)).strip()) for kind, text in described["blocks"]]
    kinds = {"list", "table", "code", "signature", "output"}
    return Section(path, None, tuple(Block(text, kind if kind in kinds else "prose") for kind, text in blocks if text))


def _run_llms_txt(data: bytes, thorough: bool) -> None:
    """An index: only its own hosts are asked, and every page gets a path of its own inside the source."""
    source = LlmsTxtSource(name="fuzz", kind="llms_txt", location=_SITE, hosts=("raw.example.org",))
    listing = listing_of(data.decode("utf-8-sig", "replace"), _SITE, source)
    hosts = {urlsplit(page.address).hostname for page in listing.wanted}
    check(hosts <= {"docs.example.org", "raw.example.org"}, "another host would be asked", hosts)
    paths, reach = Paths(), Reach(source)
    given: set[str] = set()
    for path, address in [(p.path, p.address) for p in listing.wanted] + [(p, a) for p, a, _ in listing.left]:
        for kind in ("text/markdown", "text/html"):
            page = paths.add(with_suffix(path, kind, b"", None) or path, f"{kind} {address}")
            parts = page.split("/")
            check(not {"", ".", "..", ".git"} & set(parts), "a path that leads elsewhere", page)
            check(max(len(part.encode()) for part in parts) < 255 and len(page.encode()) < 2048, "too long", page)
            check(page not in given and not any(one.startswith(f"{page}/") for one in given), "given twice", page)
            given.add(page)
        shown_address(address, reach)
    places = [(page.path, Place(parents=page.listed.parents, title=page.listed.title)) for page in listing.wanted]
    check(len(json.loads(order_file(places))) == len(places), "an order that is not that of the pages")
    for page in listing.wanted:
        texts = (page.listed.title, *page.listed.parents)
        check(all(text == clean_text(text) and "\n" not in text for text in texts), "a title that is not clean", texts)


def _run_pdf(data: bytes, thorough: bool) -> None:
    """What is made of the lines that the JSON describes; pdfium, which reads the file, is fuzzed by its authors."""
    try:
        described = json.loads(data)
        text = PdfText(
            tuple(_sheet(one) for one in described["sheets"]),
            tuple(Mark(*_typed(mark, str, int, int, float)) for mark in described.get("marks", ())),
            {key: _text(value)[:500] for key, value in described.get("facts", {}).items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return  # describes no sheets
    file = RawFile("src/page.pdf", data, {}, SmallBook("src/page.pdf", data))
    document = document_of(text, file)
    if not document.is_empty():
        check_documents([document], len(data))
        if thorough:
            check(document_of(text, file) == document, "a second time gives another document")
            check_chunks(document, _tokenizer())


def _sheet(described: dict) -> Sheet:
    lines = (Line(*_typed(line, _text, float, float, float, float, float, bool)) for line in described["lines"])
    return Sheet(float(described["width"]), float(described["height"]), tuple(filter(_is_sound, lines)))


def _is_sound(line: Line) -> bool:
    """Whether ``formats.pdf.reading`` can give such a line: it asks for finite places, and for a size of at least 1."""
    places = (line.left, line.right, line.bottom, line.top, line.size)
    return bool(line.text) and all(map(math.isfinite, places)) and line.size >= 1


def _typed(values: list, *types: Callable) -> list:
    return [kind(value) for kind, value in zip(types, values, strict=True)]


def _text(value: object) -> str:
    """A line as ``formats.pdf.reading`` hands it on."""
    return " ".join(clean_text(str(value)).split())


_SITE = "https://docs.example.org/llms.txt"


def _format(name: str, path: str, mutate: Mutate, examples: str, patience: float = 1.0) -> Target:
    return Target(name, Path(path).suffix, functools.partial(_run_format, name, path), mutate, examples, patience)


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        _format("markdown", "src/page.md", text_mutator(vocabulary.MARKDOWN), "*/*/**/*.md"),
        _format("quarto", "src/page.qmd", text_mutator(vocabulary.QUARTO), "*/*/**/*.qmd"),
        Target("jupytext", "", _run_jupytext, text_mutator(vocabulary.JUPYTEXT)),
        _format("mdx", "src/page.mdx", text_mutator(vocabulary.MDX), "*/*/**/*.mdx"),
        # The work of docutils on marks that never close is limited, for a page of any size, to what takes 1 s.
        _format("rst", "src/page.rst", text_mutator(vocabulary.RST), "*/*/**/*.rst", patience=4),
        _format("notebook", "src/page.ipynb", json_mutator(vocabulary.IN_JSON), "*/*/**/*.ipynb"),
        _format("rustdoc_html", "demo/struct.Pool.html", text_mutator(vocabulary.RUSTDOC_HTML), "rust/*/*/*.html"),
        _format("rustdoc_json", "demo.json", json_mutator(vocabulary.IN_JSON), "rust/*/*.json"),
        _format("html", "src/page.html", text_mutator(vocabulary.HTML), "*/*-html/*.html"),
        _format("man", "man8/page.8", text_mutator(vocabulary.MAN), "*/*/**/*.8"),
        _format("text", "src/page.txt", text_mutator(vocabulary.TEXT), "*/*/**/*.txt"),
        _format("openapi", "src/api.yaml", json_mutator(vocabulary.OPENAPI), ""),
        _format("idl", "idls/pool.json", json_mutator(vocabulary.IN_JSON), ""),
        _format("asciidoc", "src/page.adoc", text_mutator(vocabulary.ASCIIDOC), "*/*/**/*.adoc"),
        Target("pdf", ".json", _run_pdf, json_mutator(vocabulary.TEXT)),
        Target("chunks", ".json", _run_chunks, json_mutator(vocabulary.IN_JSON)),
        Target("llms_txt", ".txt", _run_llms_txt, text_mutator(vocabulary.LLMS_TXT)),
        Target("front_matter", ".md", _run_front_matter, text_mutator(vocabulary.FRONT_MATTER), "*/*/**/*.mdx"),
        # PyYAML in Python needs 1.6 s to find 300 brackets too deep; a catalogue is written by who runs the program.
        Target("catalogue", ".yaml", run_catalogue, text_mutator(vocabulary.CATALOGUE), "sources.yaml", patience=8),
        Target("archive", "", run_archive, json_mutator(vocabulary.TEXT)),
    )
}


def warm_up(target: Target) -> None:
    """Loads what the first input would otherwise pay for."""
    for path in target.seeds():
        # What is wrong with a seed is told when it is judged.
        with contextlib.suppress(Exception):
            target.run(path.read_bytes(), True)
