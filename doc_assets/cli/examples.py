"""What ``--help`` of each command says below its options: an example and the exit codes.

The meaning of each code for a Job is in docs/jobs.md. A test runs through all commands, and has each example parsed.
"""

from __future__ import annotations

from typing import NamedTuple

_MISUSE = "2 misuse, or a name that does not exist"
_READS = f"0 done · 1 the database cannot be asked · {_MISUSE}"
_SERVES = f"143, 130 ended by SIGTERM, SIGINT · 1 the database cannot be asked · {_MISUSE}"
_MOVES = f"0 done · 1 refused or failed, and nothing moved · {_MISUSE} · 143, 130 stopped by SIGTERM, SIGINT"
_LOADS = f"0 done · 1 a partition failed or was refused, the others are live · {_MISUSE} · 143, 130 stopped: it resumes"


class Usage(NamedTuple):
    """Commands to copy, and what their exit codes mean."""

    examples: tuple[str, ...]
    codes: str = _READS

    @property
    def epilog(self) -> str:
        """The text below the help's options, one paragraph each."""
        title = "Example:" if len(self.examples) == 1 else "Examples:"
        return "\n\n".join([title, *(f"doc-assets {one}" for one in self.examples), f"Exit codes: {self.codes}"])


USAGES = {
    "plan": Usage(
        ("plan", "plan rust/crate-tokio --json", "plan -o next.plan"),
        f"0 planned · 1 a source cannot be read, or a guard would refuse · {_MISUSE}",
    ),
    "migrate": Usage(
        ("migrate", "migrate rust/crate-tokio --dry-run", "migrate --plan next.plan", "migrate --report report.html"),
        _LOADS,
    ),
    "validate": Usage(
        ("validate", "validate rust/crate-tokio --source"), f"0 every check passed · 1 one failed · {_MISUSE}"
    ),
    "rollback": Usage(
        ("rollback rust/crate-tokio", "rollback --run 6f1c2a77", "rollback --as-of 2h --type rust --dry-run"), _MOVES
    ),
    "retire": Usage(("retire rust/crate-tokio --dry-run", "retire --left-catalogue --yes"), _MOVES),
    "discard": Usage(("discard rust/crate-tokio", "discard --all"), f"0 done · 1 refused or failed · {_MISUSE}"),
    "gc": Usage(("gc --dry-run", "gc --keep 3 --days 30"), f"0 done · 1 failed · {_MISUSE} · 143, 130 stopped"),
    "search": Usage(
        ('search "how do I cancel a task" -k 3', 'search "map types" --type ebpf --where kernel_version=6.1'),
        f"0 done, also if nothing is found · 1 nothing is live, or the database cannot be asked · {_MISUSE}",
    ),
    "fetch": Usage(("fetch rust/crate-tokio/tokio/index.html --max-tokens 2000",)),
    "resolve": Usage(('resolve "cilium 1.19"',)),
    "serve": Usage(("serve", "serve --port 0"), _SERVES),
    "mcp": Usage(("mcp",), f"0 stdin was closed · 1 the database cannot be asked · {_MISUSE}"),
    "evaluate": Usage(
        ("evaluate questions.jsonl", "evaluate questions.jsonl --json > figures.json"),
        f"0 done · 1 a figure of --against has fallen, or the database cannot be asked · {_MISUSE}",
    ),
    "status": Usage(("status", "status --watch")),
    "exporter": Usage(("exporter", "exporter --host 0.0.0.0"), f"0 ended by SIGTERM or SIGINT · 1 failed · {_MISUSE}"),
    "history": Usage(
        ("history rust/crate-tokio", "history --failed --since 3d", "history --report latest -o report.html")
    ),
    "snapshots": Usage(("snapshots rust/crate-tokio", "snapshots --status rejected --wide")),
    "show": Usage(
        ("show rust/crate-tokio",), f"0 digest and seal are proven · 1 they are not, or it cannot be asked · {_MISUSE}"
    ),
    "diff": Usage(("diff rust/crate-tokio", "diff rust/crate-tokio 2d live --name-only")),
    "manifest": Usage(("manifest rust/crate-tokio --outcome rejected",)),
    "duplicates": Usage(("duplicates --type rust --threshold 0.9",)),
    "embedder check": Usage(("embedder check --sample 200",), f"0 as good as allowed · 1 worse, or failed · {_MISUSE}"),
    "embedder quantise": Usage(("embedder quantise --sample 300",), f"0 done · 1 failed · {_MISUSE}"),
    "spaces": Usage(("spaces --wide", "spaces drop 2")),
    "spaces drop": Usage(("spaces drop 2",), f"0 done · 1 a snapshot that is kept needs it · {_MISUSE}"),
    "quarantine list": Usage(("quarantine list --type rust",)),
    "quarantine show": Usage(("quarantine show rust/crate-tokio tokio/index.html",)),
    "quarantine retry": Usage(
        ("quarantine retry rust/crate-tokio",), f"0 no file stays in quarantine · 1 one stays · {_MISUSE}"
    ),
    "catalogue init": Usage(("catalogue init documents -o sources.yaml",), "0 done · 1 failed · 2 misuse"),
    "catalogue schema": Usage(("catalogue schema -o sources.schema.json",), "0 done · 1 failed · 2 misuse"),
    "catalogue check": Usage(
        ("catalogue check", "catalogue check --online --json"),
        "0 no problem · 1 a source has a fault · 2 the catalogue is wrong",
    ),
    "db upgrade": Usage(("db upgrade --wait 300",), "0 done · 1 failed, or the schema is newer · 2 misuse"),
    "db check": Usage(("db check --wait 600",), "0 sound · 1 not sound, or out of reach · 2 misuse"),
    "db roles": Usage(("db roles | doc-assets db client psql",), "0 done · 2 misuse"),
    "db url": Usage(("db url",), "0 done · 1 the embedded server does not start · 2 misuse"),
    "db client": Usage(
        ("db client psql", "db client pg_dump --format custom"), "that of the client · 2 no such program"
    ),
    "webhook": Usage(("webhook", "webhook --port 8701"), _SERVES),
    "doctor": Usage(("doctor", "doctor --online"), "0 no fault · 1 a fault · 2 misuse"),
    "settings": Usage(("settings",), "0 done · 2 a setting is wrong"),
}
