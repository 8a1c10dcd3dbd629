"""Write what a release is built on as a CycloneDX document, and print the packages whose licence is a copyleft."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Families that ask something of whoever passes the program on; the names of licences and of classifiers have them.
COPYLEFT = re.compile(r"\b[AL]?GPL|\bMPL|\bEPL|\bCDDL|General Public|Mozilla Public|Eclipse Public", re.IGNORECASE)


def runtime_only(document: dict[str, Any], dependencies: list[str]) -> dict[str, Any]:
    """Return the document without what is installed for tests and tools alone.

    Args:
        document: Of an environment, with its graph of dependencies.
        dependencies: Of the project, as in ``pyproject.toml``; those of its extras are left out.
    """
    root = document["metadata"]["component"]["bom-ref"]
    names = {each["bom-ref"]: canonicalize_name(each["name"]) for each in document["components"]}
    wanted = {canonicalize_name(Requirement(text).name) for text in dependencies}
    graph = {each["ref"]: each.get("dependsOn", []) for each in document["dependencies"]}
    graph[root] = [ref for ref in graph[root] if names[ref] in wanted]
    reached, left = set(), [root]
    while left:
        if (ref := left.pop()) not in reached:
            reached.add(ref)
            left += graph.get(ref, [])
    return document | {
        "components": [each for each in document["components"] if each["bom-ref"] in reached],
        "dependencies": [{"ref": ref, "dependsOn": sorted(graph[ref])} for ref in sorted(reached & graph.keys())],
    }


def licences(component: dict[str, Any]) -> list[str]:
    """Return what a package says of its licence: expressions, identifiers, names; a whole text is shortened."""
    given = (each.get("expression") or each["license"] for each in component.get("licenses", []))
    said = (each if isinstance(each, str) else each.get("id") or each["name"] for each in given)
    return sorted({each.splitlines()[0][:80] for each in said if not each.startswith("declared license of")})


def main(path: Path) -> None:
    """Write it for this environment, held against CycloneDX's schema."""
    # Of the extra release.
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    path.parent.mkdir(parents=True, exist_ok=True)
    command = ["environment", "--pyproject", "pyproject.toml", "--output-reproducible", "--of", "JSON", "-o", str(path)]
    subprocess.run([sys.executable, "-m", "cyclonedx_py", *command, sys.executable], check=True)  # noqa: S603
    with Path("pyproject.toml").open("rb") as file:
        document = runtime_only(json.loads(path.read_text()), tomllib.load(file)["project"]["dependencies"])
    text = json.dumps(document, indent=2, sort_keys=True)
    if fault := JsonStrictValidator(SchemaVersion.from_version(document["specVersion"])).validate_str(text):
        sys.exit(f"{path}: not as CycloneDX's schema wants it: {fault}")
    path.write_text(f"{text}\n")
    print(f"{path}: {len(document['components'])} packages, CycloneDX {document['specVersion']}")
    for component in document["components"]:
        said = licences(component)
        if not said or any(COPYLEFT.search(each) for each in said):
            print(f"  {component['name']} {component['version']}: {'; '.join(said) or 'names no licence'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
