"""What was pushed, as GitHub, Gitea, GitLab or a program of one's own says it, and which partitions load it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from doc_assets.catalogue import Catalogue
from doc_assets.catalogue.model import GitSource

# Where payloads have the repository's addresses: of GitHub and Gitea, of GitLab, of GitLab's older form.
_ADDRESSES = (
    *("clone_url", "ssh_url", "git_url", "html_url"),
    *("git_http_url", "git_ssh_url", "web_url"),
    *("url", "homepage"),
)
_PUSHES = ("push", "tag_push", "push hook", "tag push hook", "system hook")
_NOTHING = re.compile(r"0{40,64}")
_SCP = re.compile(r"(?:[^@/\s]+@)?([^:/\s]+):(?!//)(.+)")


@dataclass(frozen=True, slots=True)
class Push:
    """A push.

    Attributes:
        repositories: Addresses of the repository, as ``repository_of`` spells them.
        ref: Branch or tag, without ``refs/heads/``; None: any.
        default_branch: What ``HEAD`` stands for; None: not said.
        which: Tells it from other pushes to the ref: an id that the sender chose, or the commit; None: nothing does.
    """

    repositories: frozenset[str]
    ref: str | None
    default_branch: str | None
    which: str | None


def push_of(event: str | None, body: bytes) -> Push | None:
    """Return the push that a body tells of; None for another event, and for a ref that was removed.

    Args:
        event: Name of the event in the headers, if any.
        body: A JSON object; by a program of one's own ``{"repository": ADDRESS, "ref": REF, "id": ID}``.

    Raises:
        ValueError: It is none.
    """
    if event is not None and event.lower() not in _PUSHES:
        return None
    try:
        content = json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(content, dict):
        raise ValueError("an object is needed")
    if str(content.get("object_kind", "push")) not in _PUSHES:
        return None
    if content.get("deleted") is True or _NOTHING.fullmatch(str(content.get("after", ""))):
        return None
    addresses = frozenset(filter(None, (repository_of(one) for one in _addresses(content))))
    if not addresses:
        raise ValueError("it names no repository")
    defaults = (_text(_mapping(content, key), "default_branch") for key in ("repository", "project"))
    ref = _text(content, "ref")
    which = _text(content, "id") or _text(content, "after")
    return Push(addresses, ref and _short(ref), next(filter(None, defaults), None), which)


def partitions_of(push: Push, catalogue: Catalogue) -> list[str]:
    """Return the partitions whose source is the repository at the ref that was pushed."""
    return [
        partition.name
        for partition in catalogue.partitions()
        if isinstance(partition.source, GitSource) and _concerns(push, partition.source)
    ]


def repository_of(address: str) -> str | None:
    """Return ``host/path`` of a repository's address in any form, the same for all forms; None if it has none."""
    if "://" in address:
        try:
            parts = urlsplit(address)
            host, path = parts.hostname or "", parts.path
        except ValueError:
            return None
    elif found := _SCP.fullmatch(address):
        host, path = found[1], found[2]
    else:
        return None
    path = path.strip("/").removesuffix(".git").lower()
    return f"{host.lower()}/{path}" if host and path else None


def _concerns(push: Push, source: GitSource) -> bool:
    if repository_of(source.location) not in push.repositories:
        return False
    if source.ref == "HEAD":
        return push.ref is None or push.default_branch is None or push.ref == push.default_branch
    return push.ref is None or _short(source.ref) == push.ref


def _short(ref: str) -> str:
    return re.sub(r"^refs/(heads|tags)/", "", ref)


def _addresses(content: Mapping[str, Any]) -> Iterator[str]:
    if address := _text(content, "repository"):
        yield address
    for key in ("repository", "project"):
        found = _mapping(content, key)
        yield from filter(None, (_text(found, name) for name in _ADDRESSES))


def _mapping(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = content.get(key)
    return found if isinstance(found, dict) else {}


def _text(content: Mapping[str, Any], key: str) -> str | None:
    found = content.get(key)
    return found if isinstance(found, str) and found else None
