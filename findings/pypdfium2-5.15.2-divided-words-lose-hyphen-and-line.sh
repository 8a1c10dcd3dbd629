#!/usr/bin/env bash
# pypdfium2 5.15.2: where a line of a page ends in a hyphen, the text of the page has neither the hyphen nor the end of
# the line, but one character in their place, and the two ways to ask for text disagree on which: get_text_range() has
# the noncharacter U+FFFE, get_text_bounded() the control character U+0002. It is there also where the hyphen is no
# division ("x-" above "1", "Anglo-" above "Saxon"), so whoever drops control characters, or reads line by line, joins
# "x1" and "AngloSaxon", and loses the place where the line ended.
#
# Guess: both give the page as it is printed, "-" and then a line end, as they do at all other ends of lines.
# Seen on 2026-11-30 with Python 3.11: the lines in EXPECTED below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/divided.py" <<'PY'
import importlib.metadata

import pypdfium2

lines = ["Plain line", "of an har-", "bour and Anglo-", "Saxon x-", "1."]
text = "\n".join(f"BT /F 10 Tf 72 {700 - 12 * n} Td ({line}) Tj ET" for n, line in enumerate(lines))
objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
    f"<< /Length {len(text)} >>\nstream\n{text}\nendstream",
    "<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>",
]
made, starts = b"%PDF-1.4\n", []
for number, content in enumerate(objects, 1):
    starts.append(len(made))
    made += f"{number} 0 obj\n{content}\nendobj\n".encode()
table = len(made)
made += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(f"{start:010} 00000 n \n".encode() for start in starts)
made += f"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n".encode()

page = pypdfium2.PdfDocument(made)[0].get_textpage()
print("version", importlib.metadata.version("pypdfium2"))
print("range  ", ascii(page.get_text_range()))
print("bounded", ascii(page.get_text_bounded()))
PY
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pypdfium2==5.15.2 2>> "$folder/pip.log" ||
    { cat "$folder/pip.log" >&2; exit 1; }
"$folder/venv/bin/python" "$folder/divided.py" 2> "$folder/errors" | tee "$folder/seen" ||
    { cat "$folder/errors" >&2; exit 1; }
diff - "$folder/seen" <<'EXPECTED'
version 5.15.2
range   'Plain line\r\nof an har\ufffebour and Anglo\ufffeSaxon x\ufffe1.'
bounded 'Plain line\r\nof an har\x02bour and Anglo\x02Saxon x\x021.'
EXPECTED
