"""Titles, file names and tab names of listings, in the info strings of their fences and in Quarto's cell options.

What only steers the display or the compiler (``{1,3}``, ``ignore``, ``showLineNumbers``, ``icon="…"``) is left out.
Directives of MyST and the options below them are in ``dialects``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Docusaurus, Expressive Code, Material, Fumadocs, Mintlify; Nextra and Quarto; rehype-pretty-code; Angular; Quarto.
_SHOWN = ("title", "filename", "file_name", "name", "tab", "label", "header", "caption", "lst-cap", "file", "path")
_PARTS = re.compile(
    r"""(?P<key>[\w.:-]+)=(?P<value>"(?:[^"\\]|\\.)*+"|"[^"]*"|'[^']*'|\{\s*(?:"[^"]*"|'[^']*'|`[^`]*`)\s*\}|\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}"""
    r"""|[^\s{}"']*)"""
    r"""|\[(?P<bracketed>[^\[\]]+)\]|\{[^{}]*\}|"[^"]*"|(?<!\S)/[^/]+/\S*|(?P<word>[^\s{"]+)"""
)
# fmt: off
_FLAGS = frozenset((
    "annotate", "check", "closable", "collapse", "collapsed", "collapsible", "compile_fail", "copy", "copyable",
    "customstyling", "diff", "editable", "eval", "expandable", "expanded", "fold", "focus", "frame", "highlight",
    "hide", "ignore", "interactive", "linenos", "linenums", "linenumbers", "line-numbers", "lines", "live",
    "live_editor", "mdbook-runnable", "no-copy", "no-lines", "no_run", "nocopy", "noeval", "noinline",
    "nolinenumbers", "noplayground", "npm2yarn", "norun", "norunnable", "notranslate", "nowrap", "output", "readonly",
    "reference", "result", "run", "runnable", "session", "should_panic", "showcopybutton", "showlinenumbers", "skip",
    "static", "test", "test_harness", "tsx", "twoslash", "unwrap", "wordwrap", "word-wrap", "word_wrap", "wrap",
    "wraplines",
))
# fmt: on
_GATSBY = re.compile(r"[\w+#-]+:title=(?P<title>[^\s{}]+)")
_ZENN = re.compile(r"[A-Za-z][\w+#-]*:(?P<title>[\w./-]*[/.][A-Za-z][\w./-]*)")  # yaml:config/app.yml
_STATED = re.compile(r"[a-z][\w-]*=")
_BRACES = re.compile(r"\{(?P<attributes>[^{}`]*)\}\s*$")
_LISTED = re.compile(r",(?=[\w-]+=)")  # rust,editable,file="src/main.rs"
_GROUP = re.compile(r"(?<=\s)\{([^{}]*=[^{}]*)\}")  # Hugo
_WORDS = re.compile(r"[A-Z./@]|\w\W+\w")  # of a name rather than of one more flag
_OPTION = re.compile(
    r"[ \t]*(?:\#|//|--|%%|%|!)\|[ \t]?(?P<name>[\w.-]+):[ \t]*(?P<value>.*)|[ \t]*(?:\#|//|--|%%|%|!)\|.*"
)
_CELL_SHOWN = ("filename", "lst-cap", "fig-cap", "tbl-cap", "code-summary")
_LONGEST = 200  # characters of a title


@dataclass(frozen=True, slots=True)
class Cell:
    """A listing of a computed document without its options: its titles, its code, and whether a reader sees it."""

    titles: tuple[str, ...]
    code: str
    hidden: bool


def listing_title(info: str, *, mdx: bool = False) -> str:
    """Return the words that a fence's info string shows above its listing, "" for none.

    Args:
        info: What follows the fence's marks.
        mdx: In MDX, words after the language are a title (Mintlify); elsewhere only if they look like one.
    """
    info = info.strip()
    if info.isalnum() or not info:
        return ""
    braces = _BRACES.match(info)
    if braces:
        info = f"x {braces['attributes']}"
        mdx = False
    elif named := (_GATSBY.match(info) or _ZENN.fullmatch(info) if ":" in info else None):
        return named["title"]
    elif "=" in info and _STATED.match(info):  # no language
        info = f"x {info}"
    if "," in info and "=" in info:
        info = _LISTED.sub(" ", info)
    if " " not in info and "\t" not in info and "{" not in info and "[" not in info:
        return ""
    info = _GROUP.sub(r" \1 ", info)
    stated: dict[str, str] = {}
    words: list[str] = []
    bracketed = ""
    language = re.match(r"[^\s{\[]*", info)
    start = language.end() if language else 0
    for part in _PARTS.finditer(info, start):
        if part["key"]:
            stated.setdefault(part["key"].lower(), _unquoted(part["value"]))
        elif part["bracketed"]:
            bracketed = bracketed or part["bracketed"].strip()
        elif part["word"] and not braces:
            words.append(part["word"])
    title = next((stated[key] for key in _SHOWN if stated.get(key)), "") or bracketed
    if not title and "," not in info[:start] and start:
        named = " ".join(word for word in words if word.lower() not in _FLAGS and not word.startswith((",", ":")))
        title = named if any(map(str.isalnum, named)) and (mdx or _WORDS.search(named)) else ""
    return " ".join(title.split())[:_LONGEST]


def _unquoted(value: str) -> str:
    return value.strip("{} \t").replace('\\"', "\0").strip("\"'`").replace("\0", '"').strip()


def read_cell(info: str, code: str) -> Cell | None:
    """Return a listing without the options of Quarto at its top (``#| lst-cap: …``), or None if it has none.

    A cell with ``include: false`` or ``echo: false`` is not shown, and neither is raw LaTeX.
    """
    if "|" not in code[:400] and "=FALSE" not in info:
        return None
    lines = code.split("\n")
    options: dict[str, str] = {}
    count = 0
    for line in lines:
        option = _OPTION.match(line)
        if option is None:
            break
        count += 1
        if option["name"]:
            options[option["name"].lower()] = option["value"].strip().strip("\"'").strip()
    hidden = any(options.get(name, "").lower() == "false" for name in ("include", "echo"))
    hidden = hidden or re.search(r"\b(?:include|echo)[ \t]*=[ \t]*F(?:ALSE)?\b", info) is not None
    if not count and not hidden:
        return None
    titles = [options[name] for name in _CELL_SHOWN if options.get(name)]
    return Cell(tuple(dict.fromkeys(titles)), "\n".join(lines[count:]), hidden)
