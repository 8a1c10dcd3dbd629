"""A library whose titles, texts and metadata hold markup, long words, listings and tables, for what shows them."""

from __future__ import annotations

from doc_assets_tests.support.guides import guide
from doc_assets_tests.support.library import Library

SCRIPT = "<script>document.title = 'owned'</script>"
IMAGE = "<img src=x onerror=\"document.title = 'owned'\">"
LISTING = "fn main() {\n\n    let runtime = Runtime::new();\n    runtime.block_on(serve());\n}"
TABLE = "Field | Type | Default\n`workers` | integer | 4\n`pinned` | flag | off"
LONG_TITLE = "An exceedingly long title " * 8 + "with_an_identifier_that_has_no_place_to_break_" * 4


def publish_hostile(library: Library) -> None:
    """Make two types with three sources live."""
    library.publish(
        "rust/markup",
        {
            "markup.md": guide(
                f"{SCRIPT} in a title",
                {"": f"Markup here: {IMAGE} and {SCRIPT}", f"Heading {IMAGE}": f"Further markup {SCRIPT}"},
                updated='2026-05-01"><b>',
                version='1.0"><script>',
                licence="MIT",
            ),
            "link.md": guide("A link", {"": "Markup of a link."}, url="javascript:alert(1)"),
        },
    )
    steps = {
        "": "A worker waits for work. Pin a worker to a core.",
        "Pinning": f"Pin the worker threads as here.\n\n{LISTING}\n\n{TABLE}\n\n- first step\n- second step",
        "Pinning > By name": "Names pin a worker too.",
        "Limits": "No more workers than cores.",
        "Ends": "Stop the workers.",
    }
    files = {f"note{i:02d}.md": guide(f"Note {i}", {"": f"The worker of note{i} waits."}) for i in range(30)}
    files["workers.md"] = guide("Pin worker threads", steps, updated="2026-04-02", product="tokio", version="1.40.0")
    files["long.md"] = guide(LONG_TITLE, {"": "An exceedingly long worker. " + "x" * 300})
    library.publish("rust/tokio", files, base_url="https://docs.example/tokio")
    library.publish(
        "kubernetes/talos",
        {"install.md": guide("Install Talos", {"": "Install the worker node."}, product="talos", version="1.14.2")},
    )
