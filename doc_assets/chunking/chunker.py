"""From a document to passages that fit the model's window: by structure first, by tokens second.

Chunks are cut out of the text that ``document.lay_out`` writes, never rewritten. What a block is was decided by the
format, the titles above a chunk come from ``breadcrumbs``, and how long a text is for the model is counted by
``embedding.tokenizer``.
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

# A wider window does not make a wider passage: past this many tokens one vector stands for too many things.
_WIDEST = 512
# Sections below this many tokens are merged with their neighbours: alone they match many questions and answer none.
_TINY = 60
# Tokens say little of words that the model does not know (1 MB of base64 is one token), so characters are limited too:
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

    Tokens are counted through the blocks of the document, so that any run of parts knows its length at once.
    """

    start: int
    end: int
    first: int
    last: int
    kind: BlockKind


@dataclass(frozen=True, slots=True)
class _Passage:
    """A section with text: its blocks, where its own heading line starts, and what stands before its first block.

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
    """How much a piece of text may take."""

    tokens: int
    characters: int

    def holds(self, first: _Part, last: _Part) -> bool:
        """True if the run of parts from ``first`` to ``last`` fits."""
        return last.last - first.first <= self.tokens and last.end - first.start <= self.characters

    def after(self, current: Sequence[_Part], part: _Part) -> _Space:
        """What the chunk begun leaves for the start of ``part``."""
        if not current:
            return self
        begin, end = current[0], current[-1]
        return _Space(self.tokens - (end.last - begin.first), self.characters - (part.start - begin.start))


@dataclass(frozen=True, slots=True)
class _Room:
    """Space for the passage beside a breadcrumb: what to aim at, and what never to exceed."""

    target: _Space
    most: _Space


def chunk(document: Document, tokenizer: WindowTokenizer) -> list[Chunk]:
    r"""The document's passages in reading order: no overlap, no gap that holds a word, none longer than the window.

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
        >>> [passage] = chunk(page, open_tokenizer(Settings.from_environment({})))
        >>> passage.embedding_input
        'IPAM > Modes\n\nCluster scope is the default.'
    """
    text, blocks = lay_out(document)
    limit = min(tokenizer.max_tokens, _WIDEST)
    # 48 of 256 tokens: title and two or three headings; the passage keeps four fifths.
    breadcrumbs = Breadcrumbs(document, tokenizer, limit * 3 // 16)
    drafts: list[_Draft] = []
    for group in _groups(_passages(text, blocks, tokenizer, limit), breadcrumbs, limit):
        path = _common_prefix([passage.section.heading_path for passage in group])
        breadcrumb, taken = breadcrumbs.of(path)
        first = group[0]
        if len(group) > 1:
            start = first.parts[0].start if path == first.section.heading_path else first.heading_start
            drafts.append(_Draft(start, group[-1].parts[-1].end, breadcrumb, first.section))
            continue
        for parts in _pack(text, first.parts, _room(limit, taken), tokenizer):
            drafts.append(_Draft(parts[0].start, parts[-1].end, breadcrumb, first.section))
    return _counted(text, drafts, tokenizer, limit, limit)


def _room(limit: int, taken: int) -> _Room:
    characters = limit * _CHARACTERS_PER_TOKEN
    return _Room(_Space(limit * 7 // 8 - taken, characters), _Space(limit - taken, characters))


def _passages(text: str, blocks: list[LaidOutBlock], tokenizer: WindowTokenizer, limit: int) -> list[_Passage]:
    """The sections that hold blocks, with all tokens counted in one go."""
    longest = limit * _CHARACTERS_PER_TOKEN
    sections = [list(run) for _, run in itertools.groupby(blocks, key=lambda block: id(block.section))]
    ends = [0, *(run[-1].end for run in sections)]
    leads = [(end, run[0].start) for end, run in zip(ends, sections, strict=False)]
    spans = [*leads, *((block.start, block.end) for block in blocks)]
    special = tokenizer.count([""])[0]
    # What is longer than any chunk needs no count: it is cut, or not merged, anyway.
    counted = iter(tokenizer.count([text[start:end] for start, end in spans if end - start <= longest]))
    tokens = [next(counted) - special if end - start <= longest else limit + 1 for start, end in spans]
    at = itertools.pairwise(itertools.accumulate(tokens[len(leads) :], initial=0))
    passages = []
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
            passages.append(_Passage(run[0].section, parts, start, lead_tokens, parts[-1].last - parts[0].first))
            lead_tokens = 0
    return passages


def _heading_start(text: str, first: LaidOutBlock) -> int:
    """Where the heading line above a section's first block starts; the block itself where there is none."""
    if not first.section.heading_path:
        return first.start
    end = first.start - len("\n\n")
    start = end - len(first.section.heading_path[-1]) - len(" ")
    return start - min(6, len(first.section.heading_path) + 1)


def _groups(passages: list[_Passage], breadcrumbs: Breadcrumbs, limit: int) -> Iterator[list[_Passage]]:
    """Sections by chunk: mostly one each, tiny ones together with what follows under the same parent."""
    group: list[_Passage] = []
    tokens = 0
    for passage in passages:
        joined = tokens + passage.lead_tokens + passage.tokens
        tiny = bool(group) and min(tokens, passage.tokens) < _TINY
        if tiny and _may_join(group[0], passage, joined, breadcrumbs, limit):
            group.append(passage)
            tokens = joined
            continue
        if group:
            yield group
        group, tokens = [passage], passage.lead_tokens + passage.tokens
    if group:
        yield group


def _may_join(first: _Passage, passage: _Passage, tokens: int, breadcrumbs: Breadcrumbs, limit: int) -> bool:
    """True if the passage stands below the parent of the group's first and the chunk up to it fits."""
    here, there = first.section.heading_path, passage.section.heading_path
    if there[: max(0, len(here) - 1)] != here[:-1]:
        return False
    target = _room(limit, breadcrumbs.of(_common_prefix([here, there]))[1]).target
    return tokens <= target.tokens and passage.parts[-1].end - first.heading_start <= target.characters


def _common_prefix(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    same = itertools.takewhile(lambda level: len(set(level)) == 1, zip(*paths, strict=False))
    return tuple(level[0] for level in same)


def _pack(text: str, parts: Sequence[_Part], room: _Room, tokenizer: WindowTokenizer) -> list[list[_Part]]:
    """The blocks of one section by chunk."""
    chunks: list[list[_Part]] = []
    current: list[_Part] = []
    for part in parts:
        introduced = bool(current) and _introduces(text, current[-1], part)
        if not room.most.holds(part, part):
            left = room.target.after(current, part)
            if left.tokens < room.target.tokens // 2 or left.characters < room.target.characters // 2:
                kept = len(current) - int(introduced and len(current) > 1 and _is_short(current[-1]))
                chunks.append(current[:kept])
                current = current[kept:]
                left = room.target.after(current, part)
            first, *others = _cut(text, part, left, room.target, tokenizer)
            chunks += [[*current, first], *([piece] for piece in others)]
            current = chunks.pop()
        # A listing may use the eighth kept free to stay with its text.
        elif not current or (room.most if introduced else room.target).holds(current[0], part):
            current.append(part)
        elif introduced and len(current) > 1 and room.most.holds(current[-1], part):
            chunks.append(current[:-1])
            current = [current[-1], part]
        else:
            chunks.append(current)
            current = [part]
    chunks.append(current)
    # A last sentence alone is a poor passage: it goes to the chunk before, into the eighth kept free.
    if len(chunks) > 1 and current[-1].last - current[0].first < _TINY and room.most.holds(chunks[-2][0], current[-1]):
        chunks[-2:] = [[*chunks[-2], *current]]
    return chunks


def _is_short(part: _Part) -> bool:
    return part.last - part.first < _TINY


def _introduces(text: str, before: _Part, part: _Part) -> bool:
    """True if the part is not understood without the one before: a listing, or what a colon announces."""
    if part.kind in _LISTING and before.kind in _BEFORE_LISTING:
        return True
    end = text[max(before.start, before.end - len(":** ")) : before.end].rstrip("*_ ")
    return before.kind == "prose" and end.endswith((":", "\uff1a"))


def _cut(text: str, part: _Part, first: _Space, rest: _Space, tokenizer: WindowTokenizer) -> Iterator[_Part]:
    """Pieces of a part that each fit their space, of about equal length.

    Every piece takes at least one character, so that no text can hold it up; but the first is empty where ``first`` has
    no room for a line that ``rest`` holds.
    """
    starts = _token_starts(text, part.start, part.end, tokenizer)
    # The last piece ends where the block does; a block too long to be counted claims fewer tokens than it has.
    offset = part.last - len(starts)
    start, space = part.start, first
    while start < part.end:
        token = bisect_left(starts, start)
        left = len(starts) - token
        # An even share of what is left rather than full pieces and a crumb; an eighth more finds a better border.
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
    """Where to end a piece instead of inside a line that fits a piece: after the line, or else before it."""
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
    """The best place to end a piece that starts at ``start`` and may go up to ``reach``."""
    for pattern, share in _BORDERS[kind]:
        floor = start + int((reach - start) * share)
        # Looking on past ``reach`` lets a look-ahead see the next line's first characters.
        ends = [m.end() for m in pattern.finditer(text, floor, reach + 60) if start < m.end() <= reach]
        if ends:
            return ends[-1]
    return reach


def _token_starts(text: str, start: int, end: int, tokenizer: WindowTokenizer) -> array[int]:
    """Where each token of ``text[start:end]`` starts, ascending."""
    starts = array("Q")
    while start < end:
        stop = min(end, start + _SLAB)
        if stop < end:
            stop = max(text.rfind(" ", start + 1, stop), text.rfind("\n", start + 1, stop)) + 1 or stop
        starts.extend([start + offset for offset in tokenizer.starts(text[start:stop])])
        start = stop
    return starts


def _counted(text: str, drafts: list[_Draft], tokenizer: WindowTokenizer, limit: int, room: int) -> list[Chunk]:
    """The chunks, each counted exactly. What turns out too long is cut again with half the room.

    WordPiece counts add up over white space, so that this happens only where a cut fell inside a word; for tokenizers
    that join words over spaces it may happen anywhere.
    """
    trimmed = [_trimmed(text, draft) for draft in drafts]
    kept = [draft for draft in trimmed if _WORD.search(text, draft.start, draft.end)]
    counts = tokenizer.count([embedding_input(draft.breadcrumb, text[draft.start : draft.end]) for draft in kept])
    chunks: list[Chunk] = []
    for draft, count in zip(kept, counts, strict=True):
        if count > limit and draft.end - draft.start > 1:
            half = _Space(max(1, room // 2), max(1, (draft.end - draft.start) * 3 // 4))
            pieces = _cut(text, _Part(draft.start, draft.end, 0, count, "prose"), half, half, tokenizer)
            smaller = [_Draft(piece.start, piece.end, draft.breadcrumb, draft.section) for piece in pieces]
            chunks += _counted(text, smaller, tokenizer, limit, half.tokens)
            continue
        section, passage = draft.section, text[draft.start : draft.end]
        chunks.append(
            Chunk(draft.breadcrumb, passage, draft.start, draft.end, section.heading_path, section.anchor, count)
        )
    return chunks


def _trimmed(text: str, draft: _Draft) -> _Draft:
    """Without blank lines at its start and white space at its end; indentation stays."""
    leading = _BLANK_LINES.match(text, draft.start, draft.end)
    start = leading.end() if leading else draft.start
    end = start + len(text[start : draft.end].rstrip())
    return _Draft(start, max(start, end), draft.breadcrumb, draft.section)
