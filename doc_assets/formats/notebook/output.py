"""Shortens a code cell's outputs to the first lines of text that another run would print again.

Images, widgets, HTML and scripts are dropped, as are progress bars, timings, log lines and addresses of objects, so
that a notebook that was only run again is the same document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from doc_assets.document import clean_text

MAX_LINES = 20
MAX_CHARACTERS = 1_000
_MAX_ERROR = 300  # characters of an exception's message
_READ = 1_000_000  # characters read of one output; a progress bar may fill most of them
_LINE = 2_000  # characters read of a line

_PROGRESS = re.compile(
    r"\d%\s?\|"  # tqdm
    r"|^\s*\d{1,3}(?:\.\d+)?\s?%\s*$|[━█▉▊▋▌▍▎▏╸╺]{3}|\[=*>?\.*\]|={5}>|\[#+[ .]*\]|\.{20}|\[[*-]*\d{1,3}%[* -]*\]"
    r"|^\s*Epoch \d+(?:/\d+)?\s*:?\s*$|\d(?:us|ms|s)/(?:step|epoch|sample)|\d\s?(?:it|[kM]?B)/s\b"
)
_NOISE = re.compile(
    r"^\s*(?:CPU times:|Wall time:|Requirement already satisfied|Collecting \S|Downloading |Using cached "
    r"|Installing collected packages|Successfully (?:un)?installed|Building wheel|Preparing metadata"
    r"|Note: you may need to restart|\[notice\]|WARNING: (?:pip|You are using pip|Running pip)|warnings\.warn\($)"
    r"|^\s*\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d|^[IWEF]\d{4} \d\d:\d\d:\d\d"
)
_INSTALLED = re.compile(r"^\S*/\S*\.py:\d+: (?=\w*Warning)")  # a warning's file on the author's machine
_OBJECT = re.compile(
    r"<[^<>\n]{0,200}\bat 0x[0-9a-fA-F]{4,}[^<>\n]{0,200}>|<Figure size [^<>\n]{0,60}>|<IPython\.[\w.]{1,60} object>"
)
_ADDRESS = re.compile(r"\s*(?:\bat )?\b0x[0-9a-fA-F]{8,16}\b")
_ENCODED = re.compile(r"data:[\w.+-]+/[\w.+-]+[;,][^\s\"']{40,}|[A-Za-z0-9+/=]{200,}")
_WORD = re.compile(r"[^\W\d_]{2,}")
_SHORT = 200  # characters: shorter arrays stay with the code that made them
# Share of the text without white space: an array of numbers has 2 to 10 %, a table of them with its head 30 %.
_LEAST_LETTERS = 0.15


def output_text(outputs: list) -> str:
    """Return the text of nbformat 4 outputs, at most 20 lines and 1,000 characters; skip malformed entries."""
    kept: list[str] = []
    size = 0
    for line in _lines(outputs):
        if len(kept) == MAX_LINES or size + len(line) > MAX_CHARACTERS:
            if not kept or (size < MAX_CHARACTERS // 2 and len(kept) < MAX_LINES):
                kept.append(line[: MAX_CHARACTERS - size].rstrip())
            break
        kept.append(line)
        size += len(line) + 1
    text = "\n".join(kept).rstrip()
    return text if _says_something(text) else ""


def _says_something(text: str) -> bool:
    """Return False for numbers and arrays of them: another run prints others, and nobody searches for them."""
    letters = sum(map(len, _WORD.findall(text)))
    return letters > 0 and (len(text) <= _SHORT or letters >= _LEAST_LETTERS * sum(map(len, text.split())))


def _lines(outputs: list) -> Iterator[str]:
    """Yield the lines to keep: of standard output, then of displayed results, then of standard error.

    The order is fixed, as each run splits and interleaves streams differently.
    """
    outputs = [output for output in outputs if isinstance(output, Mapping)]
    for stream in (False, True):
        printed = "".join(_joined(output.get("text")) for output in outputs if _is_stream(output, errors=stream))
        yield from _kept_of(printed)
        for output in () if stream else outputs:
            if output.get("output_type") == "error":
                yield _error(output)
            elif output.get("output_type") != "stream":
                yield from _kept_of(_shown(output))


def _is_stream(output: Mapping, *, errors: bool) -> bool:
    return output.get("output_type") == "stream" and (output.get("name") == "stderr") == errors


def _kept_of(text: str) -> Iterator[str]:
    for line in _printed(text[:_READ]).split("\n"):
        yield from _kept(line)


def _shown(output: Mapping) -> str:
    data = output.get("data")
    if not isinstance(data, Mapping):
        return ""
    rich = any("widget" in mime or "javascript" in mime for mime in data if isinstance(mime, str))
    return "" if rich else _joined(data.get("text/markdown") or data.get("text/plain"))


def _printed(text: str) -> str:
    """Return the final state on a terminal: of a line overwritten after a carriage return, only the last version."""
    lines = text.replace("\r\n", "\n").split("\n")
    return clean_text("\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines))


def _kept(line: str) -> Iterator[str]:
    line = _INSTALLED.sub("", line[:_LINE].rstrip())
    if not line or _PROGRESS.search(line) or _NOISE.search(line):
        return
    if "0x" in line or "<Figure" in line or "<IPython" in line:
        if not _WORD.search(_OBJECT.sub("", line)):
            return
        line = _ADDRESS.sub("", line)
    yield _ENCODED.sub("…", line) if len(line) > 40 else line


def _error(output: Mapping) -> str:
    name, message = output.get("ename"), output.get("evalue")
    first = clean_text(message).strip().split("\n")[0] if isinstance(message, str) else ""
    text = f"{clean_text(name) if isinstance(name, str) else 'Error'}: {first}"
    return _ADDRESS.sub("", text)[:_MAX_ERROR].rstrip(": ")


def _joined(text: object) -> str:
    if isinstance(text, list):
        return "".join(part for part in text if isinstance(part, str))
    return text if isinstance(text, str) else ""
