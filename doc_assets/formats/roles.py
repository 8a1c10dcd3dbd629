"""How roles of reStructuredText and MyST (``:kbd:`x```, ``{kbd}`x```) read: as code, as text, or as nothing."""

from __future__ import annotations

import re

_CODE_NAMES = """
    attr attribute class cls code command const constant cpp ctype data dir enum enumerator envvar exc exception expr
    file func function keyword kbd literal macro makevar manpage member meth method mod module obj option program py
    regexp samp source struct texpr token type union var
"""
CODE_ROLES = frozenset(_CODE_NAMES.split())
_TEXTLESS = frozenset(("raw", "raw-latex", "fa", "fab", "far", "fas", "icon"))
_ICON = re.compile(r"material-|octicon|bi-|fa[srb]?-")
ROLE_PREFIXES = {"rfc": "RFC ", "pep": "PEP ", "cve": "", "gh-issue": "GitHub issue ", "issue": "issue "}


def is_textless(role: str) -> bool:
    """Return whether a role, in lower case, shows no words: icons, other formats."""
    return role.rpartition(":")[2] in _TEXTLESS or _ICON.match(role) is not None


def shortcut_text(text: str) -> str:
    """Return the text of ``guilabel`` and ``menuselection``, in which ``&`` marks the letter of a shortcut."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&")
