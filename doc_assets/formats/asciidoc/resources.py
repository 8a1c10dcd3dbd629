"""Where a page's includes and references lead: relative paths, and the resource ids of an Antora component.

A component is a folder with antora.yml; its pages, partials and examples are in ``modules/NAME/pages`` and so on.
"""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from doc_assets.formats.base import Neighbours
from doc_assets.formats.markdown.includes import folders_above, path_from
from doc_assets.formats.navigation.data import read_data

DESCRIPTOR = "antora.yml"
_PLAYBOOKS = ("antora-playbook.yml", "local-antora-playbook.yml")
_RESOURCE = re.compile(
    r"(?:(?P<version>[^@:$]+)@)?(?:(?P<component>[\w.-]*):(?=[\w-]*:))?(?:(?P<module>[\w.-]*):)?"
    r"(?:(?P<family>page|partial|example|attachment|image)\$)?/?(?P<path>[^$:@]+)$"
)
_FAMILIES = {"page": "pages", "partial": "partials", "example": "examples", "attachment": "attachments"}
_PLACE = re.compile(r"modules/(?P<module>[^/]+)/(?P<family>[^/]+)/(?P<path>.+)$")


@dataclass(frozen=True, slots=True)
class Component:
    """An Antora component as one page of it sees it.

    Attributes:
        root: Folder of antora.yml, relative to the source's root.
        name: As resource ids name it.
        title: As the site shows it.
        version: "" for a component without versions.
        attributes: AsciiDoc attributes that it gives its pages; None unsets one.
        module: Module that the page is in; "" outside of the modules.
        family: Folder of the page in its module: ``pages``, ``partials`` …
    """

    root: str
    name: str
    title: str
    version: str
    attributes: Mapping[str, str | None]
    module: str
    family: str

    def path_of(self, target: str, folder: str, family: str = "page") -> str | None:
        """Return the path of a resource by its id, or None if it is of another component or no id.

        Args:
            target: The id, as ``ROOT:partial$note.adoc``.
            folder: Folder of the page, for ids that begin with ``./``.
            family: Family of an id that states none.
        """
        match = _RESOURCE.match(target)
        if match is None or match["version"] or match["component"] not in (None, "", self.name):
            return None
        module = match["module"] or ("ROOT" if match["component"] else self.module)
        if match["path"].startswith(("./", "../")):
            return path_from(folder, match["path"])
        kind = _FAMILIES.get(match["family"] or family)
        return path_from(posixpath.join(self.root, "modules", module, kind), match["path"]) if kind else None


def component_of(path: str, neighbours: Neighbours) -> Component | None:
    """Return the Antora component that a file stands in, or None if no folder above it is one."""
    if "modules/" not in path:
        return None
    for root in folders_above(path):
        below = path[len(root) + 1 :] if root else path
        if not below.startswith("modules/") or (place := _PLACE.match(below)) is None:
            continue
        data = neighbours.read(posixpath.join(root, DESCRIPTOR))
        if data is None:
            continue
        name, title, version, attributes = _described(data)
        return Component(
            root, name, title, version, {**_of_the_site(root, neighbours), **attributes}, place["module"],
            place["family"],
        )  # fmt: skip
    return None


def _of_the_site(root: str, neighbours: Neighbours) -> Mapping[str, str | None]:
    """Return the attributes that a playbook beside the component or above it gives the pages of its site."""
    for folder in (root, *folders_above(root)) if root else (root,):
        for name in _PLAYBOOKS:
            if (data := neighbours.read(posixpath.join(folder, name))) is not None:
                return _described(data)[3]
    return {}


@functools.lru_cache(maxsize=32)
def _described(data: bytes) -> tuple[str, str, str, Mapping[str, str | None]]:
    facts = read_data(data, DESCRIPTOR)
    if not isinstance(facts, Mapping):
        return "", "", "", {}
    name, title, version = (str(facts.get(key) or "") for key in ("name", "title", "version"))
    asciidoc = facts.get("asciidoc")
    stated = asciidoc.get("attributes") if isinstance(asciidoc, Mapping) else None
    attributes: dict[str, str | None] = {}
    for key, value in stated.items() if isinstance(stated, Mapping) else ():
        if value is None or value is False:
            attributes[str(key).lower().strip("!")] = None
        elif isinstance(value, (str, int, float)):
            attributes[str(key).lower()] = "" if value is True else str(value)
    return name, title or name, "" if version in ("master", "~") else version, attributes


def candidates(target: str, including: str, page: str, component: Component | None) -> Iterator[str]:
    """Yield the paths that the target of an include can mean, the likeliest first.

    Args:
        target: As written, attributes resolved.
        including: Path of the file with the include.
        page: Path of the page.
        component: Antora component of the page.
    """
    if component is not None and ("$" in target or ":" in target):
        if (path := component.path_of(target, posixpath.dirname(page))) is not None:
            yield path
        return
    for folder in dict.fromkeys((posixpath.dirname(including), posixpath.dirname(page))):
        if (path := path_from(folder, target.removeprefix("./"))) is not None:
            yield path
