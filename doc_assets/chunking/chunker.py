"""Cuts a document into chunks that fit the model's window: by structure first, by tokens second.

Chunks are spans of the text that ``document.lay_out`` writes, never rewritten. The format decided the kind of each
block; titles are in ``breadcrumbs``, counting tokens in ``embedding.tokenizer``.
"""

from __future__ import annotations

import itertools
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from doc_assets.chunking.breadcrumbs import Breadcrumbs
from doc_assets.document import BlockKind, Chunk, Document, LaidOutBlock, Section, embedding_input, lay_out
from doc_assets.embedding.tokenizer import WindowTokenizer

# Part of a snapshot's recipe: raise it whenever the same document and tokenizer give other chunks.
CHUNKER_VERSION = 2

# A wider window does not make a wider chunk: past this many tokens one vector represents too many things.
_WIDEST = 512
# Sections below this many tokens are merged with their neighbours: alone they match many questions and answer none.
_TINY = 60
# Words that the model does not know count few tokens (1 MB of base64 is one token), so characters are limited too:
# documentation has 3-5 per token, aligned tables up to 12. PostgreSQL's tsvector ends at 1 MB.
_CHARACTERS_PER_TOKEN = 16
# Characters tokenized at once when a block must be cut: keeps memory flat for blocks of any size.
_SLAB = 65_536

_WORD = re.compile(r"\w")
_BLANK_LINES = re.compile(r"(?:[ \t]*\n)*")
_BEFORE_LISTING: frozenset[BlockKind] = frozenset({"prose", "list", "signature", "code"})
# Cut inside a line only where the line fits no chunk.
_LINEWISE: frozenset[BlockKind] = frozenset({"code", "output", "table", "signature"})
_LISTING: frozenset[BlockKind] = frozenset({"code", "output", "table"})

# Where a block may be cut, best first, and how much of the space a border must use to be taken before a lesser one.
_Borders = tuple[tuple[re.Pattern[str], float], ...]
_PARAGRAPH = (re.compile(r"\n[ \t]*\n"), 0.5)
_LINE = (re.compile(r"\n"), 0.3)
# Not after "e.g.", "vs.", an initial or the number of an item.
_FULL_STOP = r"(?<![.\s(]\w)(?<!\bvs)(?<!\bcf)\."
_SENTENCE = (re.compile(rf"(?:{_FULL_STOP}|[!?…])[\"')\]»”]*\s|[\u3002\uff01\uff1f]"), 0.3)
_ITEM = (re.compile(r"\n(?=[ \t]{0,40}(?:[-*+•]|\d{1,9}[.)])\s)"), 0.4)
_SPACE = (re.compile(r"\s"), 0.0)
_BORDERS: dict[BlockKind, _Borders] = {
    "prose": (_PARAGRAPH, _SENTENCE, _LINE, _SPACE),
    "list": (_ITEM, _LINE, _SENTENCE, _SPACE),
    "table": (_LINE, _SPACE),
    "code": (_PARAGRAPH, _LINE, _SPACE),
    "signature": (_PARAGRAPH, _LINE, _SPACE),
    "output": (_PARAGRAPH, _LINE, _SPACE),
}


@dataclass(frozen=True, slots=True)
class _Part:
    """A block or a piece of one: characters ``start`` to ``end`` of the text, tokens ``first`` to ``last``.

    Tokens are counted through all blocks of the document, so that the length of any run of parts is a subtraction.
    """

    start: int
    end: int
    first: int
    last: int
    kind: BlockKind


@dataclass(frozen=True, slots=True)
class _Filled:
    """A section with text: its blocks, the start of its heading line, and the tokens before its first block.

    ``lead_tokens`` counts all heading lines since the last block before, also those of sections without any block.
    """

    section: Section
    parts: tuple[_Part, ...]
    heading_start: int
    lead_tokens: int
    tokens: int


@dataclass(frozen=True, slots=True)
class _Draft:
    """A chunk before its exact count."""

    start: int
    end: int
    breadcrumb: str
    section: Section


@dataclass(frozen=True, slots=True)
class _Space:
    """The most tokens and characters of a piece of text."""

    tokens: int
    characters: int

    def holds(self, first: _Part, last: _Part) -> bool:
        """Return True if the run of parts from ``first`` to ``last`` fits."""
        return last.last - first.first <= self.tokens and last.end - first.start <= self.characters

    def after(self, current: Sequence[_Part], part: _Part) -> _Space:
        """Return the space that the chunk begun leaves for the start of ``part``."""
        if not current:
            return self
        begin, end = current[0], current[-1]
        return _Space(self.tokens - (end.last - begin.first), self.characters - (part.start - begin.start))


@dataclass(frozen=True, slots=True)
class _Limits:
    """The space for a chunk's text beside its breadcrumb: the target, and the limit."""

    target: _Space
    most: _Space


def chunk(document: Document, tokenizer: WindowTokenizer) -> list[Chunk]:
    r"""Return the document's chunks in reading order: no overlap, no gap that holds a word, none above the window.

    The blocks of a section are packed up to seven eighths of the window; listings, tables and signatures stay whole
    where they fit; a listing stays with the paragraph before it, and what a colon announces with its sentence. Sections
    of a few words are merged with those that follow below the same heading. What fits no chunk is cut at paragraphs or
    lines, sentences, words, tokens, in this order; listings at line ends alone, where their lines fit. Deterministic,
    and linear in the length of the text.

    Example:
        >>> from doc_assets.document import Block, Document, Section
        >>> from doc_assets.embedding.opening import open_tokenizer
        >>> from doc_assets.settings import Settings
        >>> section = Section(("Modes",), "modes", (Block("Cluster scope is the default."),))
        >>> page = Document("IPAM", "markdown", (section,))
        >>> [only] = chunk(page, open_tokenizer(Settings.from_environment({})))
        >>> only.embedding_input
        'IPAM > Modes\n\nCluster scope is the default.'
    """
    text, blocks = lay_out(document)
    limit = min(tokenizer.max_tokens, _WIDEST)
    # A window full of what is read alone holds two fifths more text, and finds less: on 90 questions MRR@10 by vectors
    # was 0.843 instead of 0.889.
    written = tokenizer.as_written
    # 48 of 256 tokens: title and two or three headings; the text keeps four fifths.
    breadcrumbs = Breadcrumbs(document, written, limit * 3 // 16)
    drafts: list[_Draft] = []
    for group in _groups(_filled(text, blocks, written, limit), breadcrumbs, limit):
        path = _common_prefix([section.section.heading_path for section in group])
        breadcrumb, taken = breadcrumbs.of(path)
        first = group[0]
        if len(group) > 1:
            start = first.parts[0].start if path == first.section.heading_path else first.heading_start
            drafts.append(_Draft(start, group[-1].parts[-1].end, breadcrumb, first.section))
            continue
        for parts in _pack(text, first.parts, _limits_of(limit, taken), written):
            drafts.append(_Draft(parts[0].start, parts[-1].end, breadcrumb, first.section))
    return _counted(text, drafts, tokenizer, limit, limit)


def _limits_of(limit: int, taken: int) -> _Limits:
    characters = limit * _CHARACTERS_PER_TOKEN
    return _Limits(_Space(limit * 7 // 8 - taken, characters), _Space(limit - taken, characters))


def _filled(text: str, blocks: list[LaidOutBlock], tokenizer: WindowTokenizer, limit: int) -> list[_Filled]:
    """Return the sections that hold blocks, with all tokens counted in one call."""
    longest = limit * _CHARACTERS_PER_TOKEN
    sections = [list(run) for _, run in itertools.groupby(blocks, key=lambda block: id(block.section))]
    ends = [0, *(run[-1].end for run in sections)]
    leads = [(end, run[0].start) for end, run in zip(ends, sections, strict=False)]
    spans = [*leads, *((block.start, block.end) for block in blocks)]
    special = tokenizer.count([""])[0]
    # Spans longer than any chunk need no count: they are cut, or not merged, anyway.
    counted = iter(tokenizer.count([text[start:end] for start, end in spans if end - start <= longest]))
    tokens = [next(counted) - special if end - start <= longest else limit + 1 for start, end in spans]
    at = itertools.pairwise(itertools.accumulate(tokens[len(leads) :], initial=0))
    filled = []
    lead_tokens = 0
    for run, lead in zip(sections, tokens, strict=False):
        lead_tokens += lead
        # A block of nothing but no-break spaces would leave the heading above it at the end of a chunk.
        parts = tuple(
            _Part(block.start, block.end, *span, block.block.kind)
            for block, span in zip(run, at, strict=False)
            if not block.block.text.isspace()
        )
        if parts:
            start = _heading_start(text, run[0])
            filled.append(_Filled(run[0].section, parts, start, lead_tokens, parts[-1].last - parts[0].first))
            lead_tokens = 0
    return filled


def _heading_start(text: str, first: LaidOutBlock) -> int:
    """Return the start of the heading line above a section's first block; the block's without one."""
    if not first.section.heading_path:
        return first.start
    end = first.start - len("\n\n")
    start = end - len(first.section.heading_path[-1]) - len(" ")
    return start - min(6, len(first.section.heading_path) + 1)


def _groups(sections: list[_Filled], breadcrumbs: Breadcrumbs, limit: int) -> Iterator[list[_Filled]]:
    """Yield the sections of each chunk: mostly one, tiny ones together with those after them below the same parent."""
    group: list[_Filled] = []
    tokens = 0
    for section in sections:
        joined = tokens + section.lead_tokens + section.tokens
        tiny = bool(group) and min(tokens, section.tokens) < _TINY
        if tiny and _may_join(group[0], section, joined, breadcrumbs, limit):
            group.append(section)
            tokens = joined
            continue
        if group:
            yield group
        group, tokens = [section], section.lead_tokens + section.tokens
    if group:
        yield group


def _may_join(first: _Filled, section: _Filled, tokens: int, breadcrumbs: Breadcrumbs, limit: int) -> bool:
    """Return True if the section is below the parent of the group's first and the chunk up to it fits."""
    here, there = first.section.heading_path, section.section.heading_path
    if there[: max(0, len(here) - 1)] != here[:-1]:
        return False
    target = _limits_of(limit, breadcrumbs.of(_common_prefix([here, there]))[1]).target
    return tokens <= target.tokens and section.parts[-1].end - first.heading_start <= target.characters


def _common_prefix(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    same = itertools.takewhile(lambda level: len(set(level)) == 1, zip(*paths, strict=False))
    return tuple(level[0] for level in same)


def _pack(text: str, parts: Sequence[_Part], limits: _Limits, tokenizer: WindowTokenizer) -> list[list[_Part]]:
    """Return the blocks of one section by chunk."""
    chunks: list[list[_Part]] = []
    current: list[_Part] = []
    for part in parts:
        introduced = bool(current) and _introduces(text, current[-1], part)
        if not limits.most.holds(part, part):
            left = limits.target.after(current, part)
            if left.tokens < limits.target.tokens // 2 or left.characters < limits.target.characters // 2:
                kept = len(current) - int(introduced and len(current) > 1 and _is_short(current[-1]))
                chunks.append(current[:kept])
                current = current[kept:]
                left = limits.target.after(current, part)
            first, *others = _cut(text, part, left, limits.target, tokenizer)
            chunks += [[*current, first], *([piece] for piece in others)]
            current = chunks.pop()
        # A listing may use the eighth kept free to stay with its text.
        elif not current or (limits.most if introduced else limits.target).holds(current[0], part):
            current.append(part)
        elif introduced and len(current) > 1 and limits.most.holds(current[-1], part):
            chunks.append(current[:-1])
            current = [current[-1], part]
        else:
            chunks.append(current)
            current = [part]
    chunks.append(current)
    # A last sentence alone is a poor chunk: it goes into the eighth kept free in the chunk before.
    tiny = current[-1].last - current[0].first < _TINY
    if tiny and len(chunks) > 1 and limits.most.holds(chunks[-2][0], current[-1]):
        chunks[-2:] = [[*chunks[-2], *current]]
    return chunks


def _is_short(part: _Part) -> bool:
    return part.last - part.first < _TINY


def _introduces(text: str, before: _Part, part: _Part) -> bool:
    """Return True if the part needs the one before to be understood: a listing, or what a colon announces."""
    if part.kind in _LISTING and before.kind in _BEFORE_LISTING:
        return True
    end = text[max(before.start, before.end - len(":** ")) : before.end].rstrip("*_ ")
    return before.kind == "prose" and end.endswith((":", "\uff1a"))


def _cut(text: str, part: _Part, first: _Space, rest: _Space, tokenizer: WindowTokenizer) -> Iterator[_Part]:
    """Yield pieces of a part that each fit their space, of about equal length.

    Every piece takes at least one character, so that the loop ends for any text; but the first is empty where
    ``first`` is too small for a line that ``rest`` holds.
    """
    starts = _token_starts(text, part.start, part.end, tokenizer)
    # The last piece ends where the block does; a block too long to be counted claims fewer tokens than it has.
    offset = part.last - len(starts)
    start, space = part.start, first
    while start < part.end:
        token = bisect_left(starts, start)
        left = len(starts) - token
        # An even share of the rest, not full pieces and a crumb; an eighth more finds a better border.
        share = -(-left // max(1, -(-left // space.tokens)))
        stop = token + min(space.tokens, share + share // 8)
        reach = starts[stop] if stop < len(starts) else part.end
        reach = max(start + 1, min(reach, start + space.characters))
        end = reach if reach == part.end else _border(text, start, reach, part.kind)
        if end < part.end and part.kind in _LINEWISE and text[end - 1] != "\n":
            end = _line_kept(text, start, end, part.end, starts, space, rest)
        yield _Part(start, end, offset + token, offset + bisect_left(starts, end), part.kind)
        start, space = end, rest


def _line_kept(text: str, start: int, end: int, last: int, starts: array[int], space: _Space, rest: _Space) -> int:
    """Return where to end a piece instead of inside a line that fits one: after the line, or else before it."""
    line = text.rfind("\n", start, end) + 1 or start
    # Only as far as a line may reach, or one of a megabyte would be searched for each of its pieces.
    after = text.find("\n", end, min(last, line + rest.characters)) + 1 or min(last, line + rest.characters + 1)

    def fits(begin: int, within: _Space) -> bool:
        tokens = bisect_left(starts, after) - bisect_left(starts, begin)
        return tokens <= within.tokens and after - begin <= within.characters

    if not fits(line, rest):
        return end
    return after if fits(start, space) else line


def _border(text: str, start: int, reach: int, kind: BlockKind) -> int:
    """Return the best end of a piece that starts at ``start`` and may reach ``reach``."""
    for pattern, share in _BORDERS[kind]:
        floor = start + int((reach - start) * share)
        # Searching past ``reach`` lets a look-ahead match the next line's first characters.
        ends = [m.end() for m in pattern.finditer(text, floor, reach + 60) if start < m.end() <= reach]
        if ends:
            return ends[-1]
    return reach


def _token_starts(text: str, start: int, end: int, tokenizer: WindowTokenizer) -> array[int]:
    """Return the start of each token of ``text[start:end]``, ascending."""
    starts = array("Q")
    while start < end:
        stop = min(end, start + _SLAB)
        if stop < end:
            stop = max(text.rfind(" ", start + 1, stop), text.rfind("\n", start + 1, stop)) + 1 or stop
        starts.extend([start + offset for offset in tokenizer.starts(text[start:stop])])
        start = stop
    return starts


def _counted(text: str, drafts: list[_Draft], tokenizer: WindowTokenizer, limit: int, space: int) -> list[Chunk]:
    """Return the chunks, each counted exactly; one that is too long is cut again in half the space.

    WordPiece counts add up over white space, so this happens only after a cut inside a word; with tokenizers that join
    words over spaces it can happen anywhere.
    """
    trimmed = [_trimmed(text, draft) for draft in drafts]
    kept = [draft for draft in trimmed if _WORD.search(text, draft.start, draft.end)]
    inputs = [embedding_input(draft.breadcrumb, text[draft.start : draft.end]) for draft in kept]
    counts = tokenizer.count(inputs)
    longest = counts if tokenizer is tokenizer.as_written else [*map(max, counts, tokenizer.as_written.count(inputs))]
    chunks: list[Chunk] = []
    for draft, count, most in zip(kept, counts, longest, strict=True):
        if most > limit and draft.end - draft.start > 1:
            half = _Space(max(1, space // 2), max(1, (draft.end - draft.start) * 3 // 4))
            pieces = _cut(text, _Part(draft.start, draft.end, 0, most, "prose"), half, half, tokenizer.as_written)
            smaller = [_Draft(piece.start, piece.end, draft.breadcrumb, draft.section) for piece in pieces]
            chunks += _counted(text, smaller, tokenizer, limit, half.tokens)
            continue
        section, body = draft.section, text[draft.start : draft.end]
        chunks.append(
            Chunk(draft.breadcrumb, body, draft.start, draft.end, section.heading_path, section.anchor, count)
        )
    return chunks


def _trimmed(text: str, draft: _Draft) -> _Draft:
    """Drop blank lines at the start and white space at the end; indentation stays."""
    leading = _BLANK_LINES.match(text, draft.start, draft.end)
    start = leading.end() if leading else draft.start
    end = start + len(text[start : draft.end].rstrip())
    return _Draft(start, max(start, end), draft.breadcrumb, draft.section)
