"""Manual pages as HTML: their titles, and no running heads."""

from __future__ import annotations

import pytest

from doc_assets_tests.support.html_pages import headings, read, text

_LINE = "ring-dump - prints what a ring holds"


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            '<title>RING-DUMP(8)</title><table class="head"><tr><td class="head-ltitle">RING-DUMP(8)</td>'
            '<td class="head-vol">'
            'Manual</td></tr></table><div class="manual-text"><section class="Sh"><h1 class="Sh" id="NAME">'
            '<a class="permalink"'
            f' href="#NAME">NAME</a></h1><p class="Pp">{_LINE}</p></section><section class="Sh">'
            '<h1 id="OPTIONS">OPTIONS</h1>'
            '<p>None.</p></section></div><table class="foot"><tr><td class="foot-date">May 1</td>'
            '<td class="foot-os">Debian'
            "</td></tr></table>",
            id="mandoc",
        ),
        pytest.param(
            '<title>RING-DUMP</title><h1 align="center">RING-DUMP</h1><a href="#NAME">NAME</a><br>'
            '<a href="#OPTIONS">OPTIONS'
            f'</a><br><a href="#SEE">SEE</a><br><hr><h2>NAME<a name="NAME"></a></h2><p>{_LINE}</p><h2>OPTIONS'
            '<a name="OPTIONS">'
            '</a></h2><p>None.</p><h2>SEE<a name="SEE"></a></h2>',
            id="groff",
        ),
        pytest.param(
            f'<title>x</title><h2 id="b">BEZEICHNUNG</h2><p>{_LINE}</p><h2>OPTIONS</h2><p>None.</p>',
            id="another language",
        ),
    ],
)
def test_a_manual_page_is_titled_by_its_name(page: str) -> None:
    document = read(f"<!DOCTYPE html><body>{page}</body>")
    assert document.title == _LINE
    assert text(page) == f"{_LINE}\nNone."
    assert "OPTIONS" in headings(page)


def test_a_page_with_a_title_of_its_own_keeps_it() -> None:
    page = f"""<title>ring-dump(8)</title><div id="header"><h1>ring-dump(8) Manual Page</h1><h2>NAME</h2><div
      class="sectionbody"><p>{_LINE}</p></div></div><div id="content"><div class="sect1"><h2
      id="_o">OPTIONS</h2><p>None.</p>
      </div></div>"""
    assert read(page).title == "ring-dump(8) Manual Page"
    assert headings(page) == ["NAME", "OPTIONS"] and text(page) == f"{_LINE}\nNone."


def test_man7s_pages_have_neither_contents_nor_links_to_the_top() -> None:
    page = """<title>open(2) - Linux manual page</title><h1>open(2) &mdash; Linux manual page</h1><table><tr><td><p><a
      href="#NAME">NAME</a> | <a href="#SYNOPSIS">SYNOPSIS</a> | <a href="#END">END</a></p></td></tr></table><pre>
<span class="headline">open(2)         System Calls         open(2)</span>
</pre><h2><a id="NAME" href="#NAME"></a>NAME &nbsp; <a href="#top_of_page">top</a></h2><pre>
       open - open a file
</pre><h2><a id="SYNOPSIS" href="#SYNOPSIS"></a>SYNOPSIS</h2><pre>       int open();</pre><h2><a id="END"
      href="#END"></a>END</h2>"""
    assert read(page).title == "open(2) — Linux manual page"
    assert headings(page) == ["NAME", "SYNOPSIS", "END"]
    assert text(page) == "       open - open a file\n       int open();"


def test_a_section_called_name_in_other_pages_titles_nothing() -> None:
    assert read("<title>T</title><h2>Name</h2><p>The name of the pool.</p><h2>Size</h2><p>x</p>").title == "T"
