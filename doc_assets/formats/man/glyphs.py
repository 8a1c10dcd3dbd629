r"""The characters that roff names: ``\(bu``, ``\[u2014]``, ``\[char65]``; from groff_char(7) and mandoc_char(7)."""

from __future__ import annotations

import re
import unicodedata

_NAMED = """
hy -  en –  em —  bu •  sq □  rs \\  sl /  ul _  ru _  rn ‾  ba |  br │  bv ⎪  bb ¦  ci ○  lz ◊  sc §  ps ¶
dg †  dd ‡  lh ☜  rh ☞  at @  sh #  CR ↵  OK ✓  co ©  rg ®  tm ™  aq '  dq "  oq ‘  cq ’  lq “  rq ”  Bq „
bq ‚  Fo «  Fc »  fo ‹  fc ›  ha ^  ti ~  ga `  aa ´  ad ¨  a- ¯  a" ˝  ab ˘  ac ¸  ah ˇ  ao ˚  a. ˙  a~ ~
a^ ^  ho ˛  lC {  rC }  la ⟨  ra ⟩  lB [  rB ]  <- ←  -> →  <> ↔  da ↓  ua ↑  va ↕  lA ⇐  rA ⇒  hA ⇔  dA ⇓
uA ⇑  vA ⇕  an ⎯  AN ∧  OR ∨  no ¬  te ∃  fa ∀  st ∋  tf ∴  3d ∴  or |  pl +  mi −  - -  -+ ∓  +- ±  pc ·
md ⋅  mu ×  c* ⊗  c+ ⊕  di ÷  f/ ⁄  ** ∗  <= ≤  >= ≥  << ≪  >> ≫  eq =  != ≠  == ≡  ne ≢  ap ∼  =~ ≅  ~= ≈
~~ ≈  pt ∝  es ∅  mo ∈  nm ∉  sb ⊂  nb ⊄  sp ⊃  nc ⊅  ib ⊆  ip ⊇  ca ∩  cu ∪  /_ ∠  pp ⊥  is ∫  sr √  gr ∇
pd ∂  if ∞  Ah ℵ  Im ℑ  Re ℜ  wp ℘  -h ℏ  hbar ℏ  12 ½  14 ¼  34 ¾  18 ⅛  38 ⅜  58 ⅝  78 ⅞  S1 ¹  S2 ²  S3 ³
sum ∑  product ∏  coproduct ∐  AE Æ  ae æ  OE Œ  oe œ  ss ß  IJ Ĳ  ij ĳ  ff ff  fi fi  fl fl  Fi ffi  Fl ffl
-D Ð  Sd ð  TP Þ  Tp þ  .i ı  .j ȷ  /L Ł  /l ł  /O Ø  /o ø  oA Å  oa å  Do $  ct ¢  eu €  Eu €  Ye ¥  Po £
Cs ¤  Fn ƒ  de °  %0 ‰  fm ′  sd ″  mc µ  Of ª  Om º  bul •  r! ¡  r? ¿  CL ♣  SP ♠  HE ♥  DI ♦  tno ¬
integral ∫  sqrt √  wa ∧  *A Α  *B Β  *G Γ  *D Δ  *E Ε  *Z Ζ  *Y Η  *H Θ  *I Ι  *K Κ  *L Λ  *M Μ  *N Ν  *C Ξ
*O Ο  *P Π  *R Ρ  *S Σ  *T Τ  *U Υ  *F Φ  *X Χ  *Q Ψ  *W Ω  *a α  *b β  *g γ  *d δ  *e ε  *z ζ  *y η  *h θ
*i ι  *k κ  *l λ  *m μ  *n ν  *c ξ  *o ο  *p π  *r ρ  *s σ  *t τ  *u υ  *f ϕ  *x χ  *q ψ  *w ω  ts ς  +h ϑ
+f φ  +p ϖ  +e ϵ
"""  # noqa: RUF001 - the characters themselves
_ACCENTS = {
    "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", ":": "\u0308", ",": "\u0327", "o": "\u030a",
    "v": "\u030c",
}  # fmt: skip
_UNICODE = re.compile(r"u([0-9A-Fa-f]{4,6}(?:_[0-9A-Fa-f]{4,6}){0,4})")
_NUMBERED = re.compile(r"char(\d{1,7})")
_LAST = 0x10FFFF


_WORDS = _NAMED.split()
_GLYPHS: dict[str, str] = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))


def glyph(name: str) -> str:
    """Return the character of a name; "" for one that is not known, as troff prints nothing."""
    if (found := _GLYPHS.get(name)) is not None:
        return found
    if match := _UNICODE.fullmatch(name):
        return unicodedata.normalize("NFC", "".join(_character(int(code, 16)) for code in match[1].split("_")))
    if match := _NUMBERED.fullmatch(name):
        return _character(int(match[1]))
    if len(name) == 2 and name[0] in _ACCENTS and name[1].isalpha():
        return unicodedata.normalize("NFC", name[1] + _ACCENTS[name[0]])
    return name if len(name) == 1 else ""


def _character(code: int) -> str:
    visible = 0x20 <= code <= _LAST and not 0xD800 <= code < 0xE000 and not 0x7F <= code < 0xA0
    return chr(code) if visible else ""
