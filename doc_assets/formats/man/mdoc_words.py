"""The words of mdoc(7)'s macros in a line: ``Op Fl f Ar file .`` reads ``[-f file].`` here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from doc_assets.formats.man.escapes import JOINED, plain, quoted_arguments

Token = tuple[str, bool]  # an argument, and whether it is in quotes

_CLOSING = frozenset((".", ",", ":", ";", ")", "]", "?", "!"))
_OPENING = frozenset(("(", "["))
# Macros that only mark their words.
_MARKING = frozenset((
    "Ad", "An", "Cd", "Cm", "Dv", "Em", "Er", "Ev", "Fa", "Fd", "Ft", "Ic", "Li", "Ms", "No", "Ot", "Sx", "Sy", "Tn",
    "Va", "Vt", "Hf",
))  # fmt: skip
_DEFAULTS = {"Ar": "file ...", "Pa": "~", "Mt": "~"}
_ENCLOSING = {
    "Op": "[]", "Aq": "<>", "Bq": "[]", "Brq": "{}", "Dq": "“”", "Pq": "()", "Qq": '""',
    "Sq": "\u2018\u2019", "Ql": "\u2018\u2019",
    "D1": "", "Dl": "",
}  # fmt: skip
_BEGINNING = {"Oo": "[", "Ao": "<", "Bo": "[", "Bro": "{", "Do": "“", "Po": "(", "Qo": '"', "So": "\u2018"}
_ENDING = {"Oc": "]", "Ac": ">", "Bc": "]", "Brc": "}", "Dc": "”", "Pc": ")", "Qc": '"', "Sc": "\u2019"}
_SYSTEMS = {"Bsx": "BSD/OS", "Dx": "DragonFly", "Fx": "FreeBSD", "Nx": "NetBSD", "Ox": "OpenBSD"}
_NO_WORDS = frozenset(("Xo", "Xc", "Bk", "Ek", "Bf", "Ef", "Db", "Tg", "Hf"))
_POSIX = {
    "-p1003.1-88": "POSIX.1", "-p1003.1-90": "POSIX.1", "-p1003.1-96": "POSIX.1", "-p1003.1-2001": "POSIX.1",
    "-p1003.1-2004": "POSIX.1", "-p1003.1-2008": "POSIX.1", "-p1003.1": "POSIX.1", "-p1003.2": "POSIX.2",
    "-p1003.2-92": "POSIX.2", "-p1003.1b": "POSIX.1b", "-p1003.1b-93": "POSIX.1b",
}  # fmt: skip
_STANDARDS = {
    "-ansiC": "ANSI X3.159-1989 (“ANSI C89”)", "-ansiC-89": "ANSI X3.159-1989 (“ANSI C89”)",
    "-isoC": "ISO/IEC 9899:1990 (“ISO C90”)", "-isoC-90": "ISO/IEC 9899:1990 (“ISO C90”)",
    "-isoC-99": "ISO/IEC 9899:1999 (“ISO C99”)", "-isoC-2011": "ISO/IEC 9899:2011 (“ISO C11”)",
    "-xpg3": "X/Open Portability Guide Issue 3 (“XPG3”)", "-xpg4": "X/Open Portability Guide Issue 4 (“XPG4”)",
    "-xpg4.2": "X/Open Portability Guide Issue 4, Version 2 (“XPG4.2”)",
    "-susv2": "Version 2 of the Single UNIX Specification (“SUSv2”)",
    "-susv3": "Version 3 of the Single UNIX Specification (“SUSv3”)",
    "-susv4": "Version 4 of the Single UNIX Specification (“SUSv4”)",
    "-svid4": "System V Interface Definition, Fourth Edition (“SVID4”)", "-ieee754": "IEEE Std 754-1985",
}  # fmt: skip
# Names of libraries that manual pages of BSD systems state by Lb; others are shown as they are written.
_LIBRARIES = {
    "libarchive": "Streaming Archive",
    "libc": "Standard C",
    "libcrypt": "Crypt",
    "libcurses": "Curses",
    "libedit": "Command Line Editor",
    "libelf": "ELF Access",
    "libjail": "Jail",
    "libkvm": "Kernel Data Access",
    "libm": "Math",
    "libpthread": "POSIX Threads",
    "librt": "POSIX Real-time",
    "libutil": "System Utilities",
    "libz": "Compression",
}
_NOT_PARSED = frozenset(("Ex", "Rv", "St", "Sm", "Nd", "Lb", "Bx", "At", "Ux", "Bt", "Ud", "Xr", "In", *_SYSTEMS))
_CALLED = frozenset((
    *_MARKING, *_DEFAULTS, *_ENCLOSING, *_BEGINNING, *_ENDING, *_SYSTEMS, *_NO_WORDS, "Fl", "Nm", "Xr", "Fn", "Fo",
    "Fc", "In", "Ns", "Ap", "Pf", "Lk", "Eo", "Ec", "En", "Es", "Bx", "At", "Ux", "St", "Ta", "Lb",
)) - {"D1", "Dl", "Hf", "Bk", "Ek", "Bf", "Ef", "Db", "Tg", "St", "Lb"}  # fmt: skip


class Words:
    """Makes text of lines of macros; remembers what goes on from one line to the next.

    Attributes:
        name: What ``.Nm`` stands for without an argument.
        in_synopsis: ``.In`` shows its whole line.
    """

    def __init__(self) -> None:
        """Start a page."""
        self.name = ""
        self.in_synopsis = False
        self._spaced = True  # .Sm
        self._functions = 0  # of .Fo that are open
        self._has_argument = False  # the open one
        self._out: list[str] = []
        self._is_joined = False  # no space before the next word

    def line(self, macro: str, rest: str) -> str:
        """Return the words of a line; ``JOINED`` at an end where no space stands."""
        return self.read([(macro, False), *quoted_arguments(rest)])

    def arguments(self, rest: str) -> str:
        """Return the words of the arguments of a macro that parses them, as ``.It`` and ``.Sh`` do."""
        return self.read(quoted_arguments(rest))

    def read(self, tokens: Sequence[Token]) -> str:
        """Return the words of tokens."""
        self._out = []
        self._is_joined = False
        self._tokens(tokens)
        if self._is_joined:
            self._out.append(JOINED)
        return "".join(self._out)

    @staticmethod
    def knows(macro: str) -> bool:
        """Return whether a macro gives words of a line."""
        return macro in _CALLED or macro in _NOT_PARSED or macro in _NO_WORDS or macro in _ENCLOSING

    def _tokens(self, tokens: Sequence[Token]) -> None:
        end = len(tokens)
        while end > 1 and _is_closing(tokens[end - 1]) and tokens[end - 2][0] not in ("Ec", "Pf", "Eo"):
            end -= 1
        open_: list[str] = []  # marks that close what encloses the rest of the line
        at = 0
        while at < end:
            text, is_quoted = tokens[at]
            at += 1
            if is_quoted or not (text in _CALLED or (at == 1 and self.knows(text))):
                self._word(text, is_quoted=is_quoted)
            elif text in _ENCLOSING:
                self._open(_ENCLOSING[text][:1])
                open_.append(_ENCLOSING[text][1:])
            else:
                at = self._macro(text, tokens, at, end)
        for mark in reversed(open_):
            self._close(mark)
        for text, _ in tokens[end:]:
            self._word(text)

    # Words.

    def _word(self, text: str, *, is_quoted: bool = False, prefix: str = "") -> None:
        bare = not is_quoted and not prefix
        shown = prefix + plain(text)
        if bare and text in _CLOSING:
            self._add(shown, joined=True)
        elif bare and text in _OPENING:
            self._add(shown)
            self._is_joined = True
        elif shown:
            self._add(shown)

    def _add(self, text: str, *, joined: bool = False) -> None:
        if joined and not self._out:
            self._out.append(JOINED)
        elif self._out and not joined and not self._is_joined and self._spaced:
            self._out.append(" ")
        self._out.append(text)
        self._is_joined = False

    def _open(self, mark: str) -> None:
        if mark:
            self._add(mark)
            self._is_joined = True

    def _close(self, mark: str) -> None:
        if mark:
            self._add(mark, joined=True)

    # Macros.

    def _macro(self, name: str, tokens: Sequence[Token], at: int, end: int) -> int:
        """Write a macro with its arguments and return the index behind them."""
        if name in _BEGINNING:
            self._open(_BEGINNING[name])
            return at
        if name in _ENDING:
            self._close(_ENDING[name])
            return at
        if name == "Ns":
            if not self._out:
                self._out.append(JOINED)
            self._is_joined = True
            return at
        if name == "Ap":
            self._add("'", joined=True)
            self._is_joined = True
            return at
        if name in ("Pf", "Eo"):
            if at < end:
                self._word(tokens[at][0])
            self._is_joined = True
            return at + 1
        if name == "Ec":
            if at < end:
                self._add(plain(tokens[at][0]), joined=True)
            return at + 1
        last = at
        while last < end and (tokens[last][1] or tokens[last][0] not in _CALLED):
            last += 1
        given = tokens[at:last]
        if (action := _WRITING.get(name)) is not None:
            words = len(given)
            while words and _is_closing(given[words - 1]):
                words -= 1
            action(self, [plain(text) for text, _ in given[:words]])
            for text, _ in given[words:]:
                self._word(text)
        elif name not in _NO_WORDS or name == "Xo":
            self._marked(name, given, end > last)
        return last

    def _marked(self, name: str, given: Sequence[Token], goes_on: bool) -> None:
        if name == "Fa" and self._functions:
            if self._has_argument:
                self._add(",", joined=True)
            self._has_argument = True
        words = [token for token in given if token[1] or token[0] not in _CLOSING | _OPENING]
        if not words and name in _DEFAULTS:
            self._add(_DEFAULTS[name])
        if not words and name == "Fl":
            self._add("-")
            self._is_joined = goes_on
        if not words and name == "Nm" and self.name:
            opening = [text for text, _ in given if text in _OPENING]
            for text in opening:
                self._word(text)
            self._add(self.name)
            given = [token for token in given if token[0] not in _OPENING]
        for text, is_quoted in given:
            is_mark = not is_quoted and (text in _CLOSING or text in _OPENING or text == "|")
            self._word(text, is_quoted=is_quoted, prefix="-" if name == "Fl" and not is_mark else "")

    def _reference(self, given: list[str]) -> None:
        if given:
            self._add(f"{given[0]}({given[1]})" if len(given) > 1 else given[0])

    def _function(self, given: list[str]) -> None:
        if given:
            self._add(f"{given[0]}({', '.join(given[1:])})")

    def _begin_function(self, given: list[str]) -> None:
        self._add(f"{' '.join(given)}(")
        self._is_joined = True
        self._functions, self._has_argument = 1, False

    def _end_function(self, given: list[str]) -> None:
        self._functions = 0
        self._add(")", joined=True)

    def _include(self, given: list[str]) -> None:
        self._add(f"{'#include ' if self.in_synopsis else ''}<{' '.join(given)}>")

    def _link(self, given: list[str]) -> None:
        if given:
            self._add(" ".join(given[1:]) or given[0])

    def _description(self, given: list[str]) -> None:
        self._add(f"\u2013 {' '.join(given)}")

    def _standard(self, given: list[str]) -> None:
        for one in given[:1]:
            if one in _POSIX:
                dated = one.removeprefix("-p").replace("-88", "-1988").replace("-90", "-1990").replace("-96", "-1996")
                self._add(f"IEEE Std {dated} (“{_POSIX[one]}”)")
            else:
                self._add(_STANDARDS.get(one, one.lstrip("-")))

    def _spacing(self, given: list[str]) -> None:
        self._spaced = given[:1] == ["on"] if given else not self._spaced

    def _library(self, given: list[str]) -> None:
        name = " ".join(given)
        title = _LIBRARIES.get(name)
        self._add(f"{title} Library ({name}, -l{name.removeprefix('lib')})" if title else f"library “{name}”")

    def _exit(self, given: list[str]) -> None:
        names = given[1:] or [self.name]
        what = "utility exits" if len(names) == 1 else "utilities exit"
        self._add(f"The {listed(names)} {what} 0 on success, and >0 if an error occurs.")

    def _returns(self, given: list[str]) -> None:
        names = [f"{one}()" for one in given[1:]]
        if names:
            what = "function returns" if len(names) == 1 else "functions return"
            self._add(f"The {listed(names)} {what} the value 0 if successful; otherwise")
        else:
            self._add("Upon successful completion, the value 0 is returned; otherwise")
        self._add("the value -1 is returned and the global variable errno is set to indicate the error.")

    def _berkeley(self, given: list[str]) -> None:
        self._add(f"{given[0]}BSD{''.join(f'-{one.capitalize()}' for one in given[1:2])}" if given else "BSD")

    def _bell(self, given: list[str]) -> None:
        version = given[0] if given else ""
        if version[:1] == "v" and version[1:].isdigit():
            self._add(f"Version {version[1:]} AT&T UNIX")
        else:
            names = {"III": "AT&T System III UNIX", "V": "AT&T System V UNIX"}
            release = f"AT&T System V Release {version[2:]} UNIX" if version[:2] == "V." else "AT&T UNIX"
            self._add(names.get(version, release))

    def _words(self, given: list[str]) -> None:
        self._add(" ".join(given))


def _is_closing(token: Token) -> bool:
    return token[0] in _CLOSING and not token[1]


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them: ``a, b, and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])}{',' if len(names) > 2 else ''} and {names[-1]}"


def _system(name: str) -> Callable[[Words, list[str]], None]:
    return lambda words, given: words._add(" ".join((name, *given)))


_WRITING: dict[str, Callable[[Words, list[str]], None]] = {
    "Xr": Words._reference,
    "Fn": Words._function,
    "Fo": Words._begin_function,
    "Fc": Words._end_function,
    "In": Words._include,
    "Lk": Words._link,
    "Nd": Words._description,
    "St": Words._standard,
    "Sm": Words._spacing,
    "Lb": Words._library,
    "Ex": Words._exit,
    "Rv": Words._returns,
    "Bx": Words._berkeley,
    "At": Words._bell,
    "Ux": _system("UNIX"),
    "Bt": _system("is currently in beta test."),
    "Ud": _system("currently under development."),
    **{macro: _system(name) for macro, name in _SYSTEMS.items()},
}
