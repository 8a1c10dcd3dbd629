#!/usr/bin/env bash
# selectolax 1.0.2: LexborHTMLParser(page, encoding=True) "follows the HTML Standard" in detecting the encoding, but decodes
# with the codec that Python has under the standard's name. The standard means more by these names: "shift_jis" is
# Windows-31J, "gb2312" is GB 18030, "euc-kr" is Windows-949, "iso-8859-9" is Windows-1254. Characters that only the wider
# encodings have become U+FFFD or others, without an error; and "windows-874" (Thai), which Python calls cp874, is read as
# UTF-8, without a word left.
#
# Guess: a page that every browser shows right gives the same text.
# Seen on 2026-11-29 with Python 3.11: the lines in EXPECTED below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/read.py" <<'PY'
from importlib.metadata import version

from selectolax.lexbor import LexborHTMLParser

print("version", version("selectolax"))
# Label, Python's codec for what the standard means by it, a text of that encoding.
for label, codec, text in (
    ("windows-1251", "cp1251", "размер"),
    ("windows-874", "cp874", "ขนาด"),
    ("shift_jis", "cp932", "①"),
    ("gb2312", "gb18030", "镕"),
    ("euc-kr", "cp949", "똠"),
    ("iso-8859-9", "cp1254", "“x”"),
):
    page = f'<meta charset="{label}"><p>'.encode() + text.encode(codec) + b"</p>"
    read = LexborHTMLParser(page, encoding=True).css_first("p").text()
    print(label, ascii(text), "read as", ascii(read), "right" if read == text else "wrong")
PY
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check selectolax==1.0.2 2>> "$folder/pip.log" ||
    { cat "$folder/pip.log" >&2; exit 1; }
"$folder/venv/bin/python" "$folder/read.py" | tee "$folder/seen"
diff - "$folder/seen" <<'EXPECTED'
version 1.0.2
windows-1251 '\u0440\u0430\u0437\u043c\u0435\u0440' read as '\u0440\u0430\u0437\u043c\u0435\u0440' right
windows-874 '\u0e02\u0e19\u0e32\u0e14' read as '\ufffd\ufffd\u04b4' wrong
shift_jis '\u2460' read as '\ufffd@' wrong
gb2312 '\u9555' read as '\ufffdF' wrong
euc-kr '\ub620' read as '\ufffdc' wrong
iso-8859-9 '\u201cx\u201d' read as '\x93x\x94' wrong
EXPECTED
