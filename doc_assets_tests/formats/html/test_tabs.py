"""Tabs: the label of each before its body, in the markup of each tool."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets_tests.support.html_pages import blocks, text

_BODIES = [Block("Linux: Use apt."), Block("macOS"), Block("brew install x", "code")]


@pytest.mark.parametrize(
    "tabs",
    [
        pytest.param(
            '<div class="sphinx-tabs docutils"><div aria-label="Tabbed content" role="tablist">'
            '<button aria-controls="p-0"'
            ' class="sphinx-tabs-tab" id="tab-0" role="tab">Linux</button><button aria-controls="p-1" role="tab">macOS'
            '</button></div><div class="sphinx-tabs-panel" id="p-0" role="tabpanel"><p>Use apt.</p></div><div id="p-1"'
            ' hidden="true" role="tabpanel"><pre>brew install x</pre></div></div>',
            id="sphinx-tabs",
        ),
        pytest.param(
            '<div class="tab-set"><input checked id="t1" name="s" type="radio">'
            '<label class="tab-label" for="t1">Linux</label>'
            '<div class="tab-content"><p>Use apt.</p></div><input id="t2" name="s" type="radio">'
            '<label class="tab-label" '
            'for="t2">macOS</label><div class="tab-content"><pre>brew install x</pre></div></div>',
            id="sphinx-inline-tabs, sphinx-design",
        ),
        pytest.param(
            '<div class="tabbed-set tabbed-alternate" data-tabs="1:2">'
            '<input checked id="a" name="x" type="radio"><input id="b"'
            ' name="x" type="radio"><div class="tabbed-labels"><label for="a">Linux</label><label for="b">macOS'
            "</label></div>"
            '<div class="tabbed-content"><div class="tabbed-block"><p>Use apt.</p></div><div class="tabbed-block"><div '
            'class="highlight"><pre>brew install x</pre></div></div></div></div>',
            id="Material",
        ),
        pytest.param(
            '<div class="tabs-container"><ul role="tablist" aria-orientation="horizontal" class="tabs"><li role="tab" '
            'aria-selected="true" class="tabs__item">Linux</li><li role="tab" class="tabs__item">macOS</li></ul><div '
            'class="margin-top--md"><div role="tabpanel" class="tabItem_x"><p>Use apt.</p></div><div role="tabpanel" '
            'class="tabItem_x" hidden=""><pre>brew install x</pre></div></div></div>',
            id="Docusaurus",
        ),
        pytest.param(
            '<starlight-tabs><div class="tablist-wrapper"><ul role="tablist">'
            '<li role="presentation" class="tab"><a role="tab"'
            ' href="#tab-panel-0" id="tab-0">Linux</a></li><li role="presentation"><a role="tab" href="#tab-panel-1" '
            'id="tab-1">macOS</a></li></ul></div><div id="tab-panel-0" aria-labelledby="tab-0" role="tabpanel">'
            "<p>Use apt.</p>"
            '</div><div id="tab-panel-1" aria-labelledby="tab-1" role="tabpanel" hidden><pre>brew install x</pre></div>'
            "</starlight-tabs>",
            id="Starlight",
        ),
        pytest.param(
            '<ul class="nav nav-tabs" id="tabs-0" role="tablist"><li class="nav-item"><button class="nav-link active" '
            'data-bs-toggle="tab" data-bs-target="#tabs-0-0" role="tab">Linux</button></li><li class="nav-item">'
            "<button "
            'class="nav-link" data-bs-target="#tabs-0-1" role="tab">macOS</button></li></ul>'
            '<div class="tab-content"><div '
            'class="tab-pane fade show active" id="tabs-0-0" role="tabpanel"><p>Use apt.</p></div>'
            '<div class="tab-pane fade" '
            'id="tabs-0-1" role="tabpanel" style="display: none"><pre>brew install x</pre></div></div>',
            id="Docsy, Bootstrap",
        ),
        pytest.param(
            '<div class="vp-code-group"><div class="tabs"><input type="radio" name="g" id="g1" checked>'
            '<label data-title="Linux"'
            ' for="g1">Linux</label><input type="radio" name="g" id="g2"><label for="g2">macOS</label></div><div class='
            '"blocks"><div class="active"><p>Use apt.</p></div><div><pre>brew install x</pre></div></div></div>',
            id="VitePress",
        ),
        pytest.param(
            '<div class="openblock tabs"><div class="content"><div class="ulist tablist"><ul>'
            '<li id="s_linux" class="tab">'
            '<p>Linux</p></li><li id="s_mac" class="tab"><p>macOS</p></li></ul></div>'
            '<div id="s_linux--panel" class="tabpanel"'
            ' aria-labelledby="s_linux"><p>Use apt.</p></div><div id="s_mac--panel" class="tabpanel">'
            "<pre>brew install x</pre>"
            "</div></div></div>",
            id="Antora",
        ),
        pytest.param(
            '<div class="tab"><button class="tablinks" onclick="open(event)">Linux</button>'
            '<button class="tablinks">macOS'
            '</button></div><div id="l" class="tabcontent"><p>Use apt.</p></div><div id="m" class="tabcontent" '
            'style="display:none"><pre>brew install x</pre></div>',
            id="buttons without roles",
        ),
    ],
)
def test_the_label_of_a_tab_stands_before_its_body(tabs: str) -> None:
    assert blocks(f"<main><p>Install it.</p>{tabs}</main>") == [Block("Install it."), *_BODIES]


def test_buttons_that_filter_one_body_are_no_tabs() -> None:
    page = """<div class="table-tabs" role="tablist"><button role="tab" aria-controls="t">All Methods</button><button
      role="tab" aria-controls="t">Static Methods</button></div><div id="t" role="tabpanel"><p>void close()</p></div>"""
    assert text(page) == "void close()"


def test_bodies_that_a_script_shows_in_turn_stay_and_what_is_hidden_alone_goes() -> None:
    page = """<div><div class="step">One</div><div class="step" style="display:none">Two</div></div>
      <div class="tip" hidden>Never</div><p style="display: none">Never</p>"""
    assert text(page) == "One\nTwo"


def test_tabs_of_code_on_readme_have_their_labels() -> None:
    page = """<div class="CodeTabs"><div class="CodeTabs-toolbar"><button>JavaScript</button><button>Python</button>
      </div><div class="CodeTabs-inner"><pre><button></button><code>fetch()</code></pre>
      <pre><code>get()</code></pre></div></div>"""
    assert text(page) == "JavaScript\nfetch()\nPython\nget()"


def test_the_one_tab_that_a_script_has_made_has_the_label_that_is_chosen() -> None:
    page = """<div><div><div role="tablist"><button role="tab" aria-selected="false">npm</button><button role="tab"
      aria-selected="true">yarn</button></div><div><div role="tabpanel"><p>yarn add ring</p></div></div></div>
      <div><p>One.</p><p>Two.</p></div></div>"""
    assert text(page) == "yarn: yarn add ring\nOne.\nTwo."


@pytest.mark.parametrize(
    "bar",
    [
        '<div><button role="tab" aria-controls="p0">Go</button><button role="tab" aria-controls="p1">C</button></div>',
        '<ul><li><a href="#p0" data-toggle="tab">Go</a></li><li><a href="#p1" data-toggle="tab">C</a></ul>',
        '<nav class="mdbook-tabs"><button class="mdbook-tab">Go</button><button class="mdbook-tab">C</button></nav>',
    ],
)
def test_labels_of_tabs_need_no_bar_of_a_known_name(bar: str) -> None:
    bodies = '<div class="tab-content" id="p0"><p>a</p></div><div class="tab-content" id="p1"><p>b</p></div>'
    assert text(f"<div><div>{bar}</div>{bodies}</div>") == "Go: a\nC: b"
