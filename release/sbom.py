"""Write what a release is built on as a CycloneDX document, and print the packages whose licence is a copyleft."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from release.version import version

# Families that ask something of whoever passes the program on; the names of licences and of classifiers have them.
COPYLEFT = re.compile(r"\b[AL]?GPL|\bMPL|\bEPL|\bCDDL|General Public|Mozilla Public|Eclipse Public", re.IGNORECASE)


def distributions(requirements: Iterable[str]) -> dict[str, str]:
    """Return name and version of all that is installed for these requirements here, by what each says that it needs."""
    wanted = [(Requirement(text), frozenset({""})) for text in requirements]
    seen: set[tuple[str, frozenset[str]]] = set()
    versions = {}
    while wanted:
        requirement, extras = wanted.pop()
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        name, extras = canonicalize_name(requirement.name), frozenset({"", *requirement.extras})
        if (name, extras) not in seen:
            seen.add((name, extras))
            distribution = importlib.metadata.distribution(name)
            versions[name] = distribution.version
            wanted += [(Requirement(text), extras) for text in distribution.requires or []]
    return versions


def reduced(document: dict[str, Any], names: Iterable[str], ours: str) -> dict[str, Any]:
    """Return the document with the packages of these names alone, what depends on what among them, and our version."""
    wanted = set(names)
    components = [each for each in document["components"] if canonicalize_name(each["name"]) in wanted]
    kept = {each["bom-ref"] for each in components}
    graph = {each["ref"]: sorted(kept & set(each.get("dependsOn", []))) for each in document["dependencies"]}
    # pyproject.toml leaves the version to the package, and cyclonedx-py then names none.
    program = document["metadata"]["component"] | {"version": ours}
    metadata, root = document["metadata"] | {"component": program}, program["bom-ref"]
    dependencies = [{"ref": ref, "dependsOn": graph[ref]} for ref in sorted(graph) if ref in {root, *kept}]
    return document | {"metadata": metadata, "components": components, "dependencies": dependencies}


def licences(component: dict[str, Any]) -> list[str]:
    """Return what a package says of its licence: expressions, identifiers, names; a whole text is shortened."""
    given = (each.get("expression") or each["license"] for each in component.get("licenses", []))
    said = (each if isinstance(each, str) else each.get("id") or each["name"] for each in given)
    return sorted({each.splitlines()[0][:80] for each in said if not each.startswith("declared license of")})


def write(document: dict[str, Any], path: Path) -> None:
    """Write a document of CycloneDX, or exit with where it is not as its schema wants it."""
    # Of the extra release.
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = json.dumps(document, indent=2, sort_keys=True)
    if fault := JsonStrictValidator(SchemaVersion.from_version(document["specVersion"])).validate_str(text):
        sys.exit(f"{path}: not as CycloneDX's schema wants it: {fault}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")


def main(path: Path) -> None:
    """Write it for this environment, held against CycloneDX's schema."""
    path.parent.mkdir(parents=True, exist_ok=True)
    command = ["environment", "--pyproject", "pyproject.toml", "--output-reproducible", "--of", "JSON", "-o", str(path)]
    subprocess.run([sys.executable, "-m", "cyclonedx_py", *command, sys.executable], check=True)  # noqa: S603
    with Path("pyproject.toml").open("rb") as file:
        names = distributions(tomllib.load(file)["project"]["dependencies"])
    document = reduced(json.loads(path.read_text()), names, version())
    if len(document["components"]) != len(names):
        sys.exit(f"{path}: {len(document['components'])} packages, where {len(names)} are installed for the program")
    write(document, path)
    print(f"{path}: {len(document['components'])} packages, CycloneDX {document['specVersion']}")
    for component in document["components"]:
        said = licences(component)
        if not said or any(COPYLEFT.search(each) for each in said):
            print(f"  {component['name']} {component['version']}: {'; '.join(said) or 'names no licence'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
