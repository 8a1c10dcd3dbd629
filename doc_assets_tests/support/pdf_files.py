"""Small PDF files for tests: pages of text at given places, an outline, facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# Font, size, distance from the left and the bottom edge in points, text in CP1252.
Placed = tuple[str, float, float, float, str]
SERIF, MONO = "Times-Roman", "Courier"


def paragraph(
    lines: Sequence[str], *, left: float = 72, top: float = 700, size: float = 10, font: str = SERIF
) -> list[Placed]:
    """Lines below one another, at the usual distance."""
    return [(font, size, left, top - 1.2 * size * n, line) for n, line in enumerate(lines)]


def pdf(
    pages: Sequence[Sequence[Placed]],
    *,
    outline: Sequence[tuple[str, int, float]] = (),
    facts: Mapping[str, str] | None = None,
) -> bytes:
    """A PDF of these pages (612 by 792 points); ``outline`` has title, page from 0 and distance from the bottom."""
    objects: list[str] = []

    def add(content: str) -> int:
        objects.append(content)
        return len(objects)

    catalogue, tree = add(""), add("")
    fonts = {
        name: add(f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>")
        for name in (SERIF, MONO)
    }
    used = " ".join(f"/{name} {number} 0 R" for name, number in fonts.items())
    kids = []
    for page in pages:
        text = "\n".join(
            f"BT /{font} {size} Tf {x} {y} Td ({_escaped(words)}) Tj ET" for font, size, x, y, words in page
        )
        stream = add(f"<< /Length {len(text)} >>\nstream\n{text}\nendstream")
        kids.append(
            add(
                f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 612 792] /Contents {stream} 0 R"
                f" /Resources << /Font << {used} >> >> >>"
            )
        )
    objects[tree - 1] = f"<< /Type /Pages /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] /Count {len(kids)} >>"
    extra = ""
    if outline:
        root = add("")
        first = len(objects) + 1
        for n, (title, page, top) in enumerate(outline):
            beside = f" /Prev {first + n - 1} 0 R" if n else ""
            beside += f" /Next {first + n + 1} 0 R" if n + 1 < len(outline) else ""
            place = f"/Dest [{kids[page]} 0 R /XYZ 0 {top} 0]"
            add(f"<< /Title ({_escaped(title)}) /Parent {root} 0 R{beside} {place} >>")
        last = len(objects)
        objects[root - 1] = f"<< /Type /Outlines /First {first} 0 R /Last {last} 0 R /Count {len(outline)} >>"
        extra = f" /Outlines {root} 0 R"
    objects[catalogue - 1] = f"<< /Type /Catalog /Pages {tree} 0 R{extra} >>"
    about = add(f"<< {' '.join(f'/{key} ({_escaped(value)})' for key, value in (facts or {}).items())} >>")
    return _file(objects, f"/Root {catalogue} 0 R /Info {about} 0 R")


def _file(objects: Sequence[str], trailer: str) -> bytes:
    made = bytearray(b"%PDF-1.4\n")
    starts = []
    for number, content in enumerate(objects, 1):
        starts.append(len(made))
        made += f"{number} 0 obj\n{content}\nendobj\n".encode("cp1252")
    table = len(made)
    made += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    made += b"".join(f"{start:010} 00000 n \n".encode() for start in starts)
    return bytes(made) + f"trailer << /Size {len(objects) + 1} {trailer} >>\nstartxref\n{table}\n%%EOF\n".encode()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
