"""Listings: a line for each line whatever it is made of, and nothing but code."""

from __future__ import annotations

import pytest

from doc_assets_tests.support.html_pages import blocks, code

_CODE = "def f():\n\n    return {}"


@pytest.mark.parametrize(
    "listing",
    [
        pytest.param(
            '<pre><code><div class="ec-line"><div class="code">def f():</div></div><div class="ec-line">'
            '<div class="code">'
            '\n</div></div><div class="ec-line"><div class="code"><span>    </span>return {}</div></div></code></pre>',
            id="Expressive Code",
        ),
        pytest.param(
            '<pre><code class="hljs"><table class="hljs-ln"><tbody>\n <tr><td class="hljs-ln-line hljs-ln-numbers"'
            ' data-line-number="1"><div class="hljs-ln-n" data-line-number="1"></div></td><td class="hljs-ln-line '
            'hljs-ln-code" data-line-number="1">def f():</td></tr>\n <tr><td class="hljs-ln-numbers">2</td><td '
            'class="hljs-ln-line hljs-ln-code"> </td></tr><tr><td class="hljs-ln-numbers">3</td><td '
            'class="hljs-ln-line hljs-ln-code">    return {}</td></tr></tbody></table></code></pre>',
            id="highlightjs-line-numbers",
        ),
        pytest.param(
            '<pre class="shiki"><code><span class="line"><span>def</span> f():</span>\n<span class="line"></span>\n'
            '<span class="line">    return {}</span></code></pre>',
            id="Shiki",
        ),
        pytest.param(
            '<pre class="shiki"><code><span class="line">def f():</span><span class="line"></span>'
            '<span class="line highlighted">    return {}</span></code></pre>',
            id="Shiki without breaks",
        ),
        pytest.param(
            '<pre class="prism-code"><code><span class="token-line" style="color:#F8">'
            '<span class="token plain">def f():'
            '</span><br></span><span class="token-line"><span class="token plain" style="display:inline-block">'
            "</span><br>"
            '</span><span class="token-line">    return {}<br></span></code></pre>',
            id="Docusaurus",
        ),
        pytest.param(
            '<pre><code style="display: grid;"><span data-line="">def f():</span>\n<span data-line=""> </span>\n'
            '<span data-line="">    return {}</span></code></pre>',
            id="rehype-pretty-code",
        ),
        pytest.param("<pre>def f():<br><br>    return {}</pre>", id="breaks"),
        pytest.param("<pre><div>def f():</div><div><br></div><div>    return {}</div></pre>", id="blocks"),
        pytest.param("<pre><code>def f():</code><code> </code><code>    return {}</code></pre>", id="code elements"),
        pytest.param(
            '<pre class="prettyprint"><ol class="linenums"><li class="L0">def f():</li><li class="L1"> </li>'
            '<li class="L2">    return {}</li></ol></pre>',
            id="google-code-prettify",
        ),
        pytest.param(
            '<div class="fragment"><div class="line"><a id="l00001" name="l00001"></a><span class="lineno">    1</span>'
            ' def f():</div><div class="line"><span class="lineno">    2</span> </div><div class="line">'
            '<span class="lineno">    3</span>     return {}</div><div class="ttc"><div class="ttname">f</div>'
            "</div></div>"
            "<!-- fragment -->",
            id="Doxygen",
        ),
        pytest.param(
            '<table class="highlight tab-size"><tr><td class="blob-num" data-line-number="1"></td><td class="blob-code '
            'js-file-line">def f():</td></tr><tr><td class="blob-num"></td><td class="blob-code">\n</td></tr><tr>'
            '<td class="blob-num"></td><td class="blob-code">    return {}</td></tr></table>',
            id="GitHub",
        ),
        pytest.param(
            '<pre class="chroma"><code><span class="line"><span class="ln">1</span><span class="cl">def f():\n'
            "</span></span>"
            '<span class="line"><span class="ln"><a class="lnlinks" href="#l2">2</a></span><span class="cl">\n'
            "</span></span>"
            '<span class="line"><span class="ln">3</span><span class="cl">    return {}\n</span></span></code></pre>',
            id="Chroma",
        ),
        pytest.param(
            '<div class="chroma"><table class="lntable"><tr><td class="lntd"><pre class="chroma"><code>'
            '<span class="lnt">1\n'
            '</span><span class="lnt">2\n</span><span class="lnt">3\n</span></code></pre></td><td class="lntd"><pre '
            'class="chroma"><code>def f():\n\n    return {}\n</code></pre></td></tr></table></div>',
            id="Chroma's table",
        ),
        pytest.param(
            '<div class="highlight"><table class="highlighttable"><tr><td class="linenos">'
            '<div class="linenodiv"><pre>1\n2\n3'
            '</pre></div></td><td class="code"><div><pre><span></span>def f():\n\n    return {}</pre></div></td>'
            "</tr></table>"
            "</div>",
            id="Pygments' table",
        ),
        pytest.param(
            '<pre><span class="linenos">1</span>def f():\n<span class="linenos">2</span>\n'
            '<span class="linenos">3</span>    '
            "return {}</pre>",
            id="Pygments in line",
        ),
        pytest.param(
            '<table><tr><td class="any"><pre>9\n10\n11</pre></td><td><pre>def f():\n\n    return {}</pre></td>'
            "</tr></table>",
            id="a gutter of any name",
        ),
        pytest.param(
            '<div class="language-py line-numbers-mode"><button title="Copy Code" class="copy"></button>'
            '<span class="lang">py'
            '</span><pre class="shiki"><code>def f():\n\n    return {}</code></pre>'
            '<div class="line-numbers-wrapper"><span '
            'class="line-number">1</span><br><span class="line-number">2</span><br><span>3</span></div></div>',
            id="VitePress",
        ),
        pytest.param(
            '<pre class="line-numbers language-py"><code>def f():\n\n    return {}'
            '<span class="line-numbers-rows"><span></span>'
            "<span></span></span></code></pre>",
            id="Prism",
        ),
        pytest.param(
            '<pre><div class="buttons"><button class="clip">Copy</button></div><code>def f():\n\n    return {}'
            "</code></pre>",
            id="a button",
        ),
        pytest.param(
            '<pre><div class="code-header"><span>python</span><button>Copy code</button></div>'
            "<code>def f():\n\n    return {}"
            "</code></pre>",
            id="a bar with a button",
        ),
        pytest.param(
            '<div class="syntaxhighlighter"><table><tr><td class="gutter"><div class="line number1">1</div>'
            "<div>2</div><div>3"
            '</div></td><td class="code"><div class="container"><div class="line"><code>def</code> <code>f():'
            "</code></div><div "
            'class="line"> </div><div class="line"><code>&nbsp;&nbsp;&nbsp;&nbsp;</code><code>return {}</code>'
            "</div></div>"
            "</td></tr></table></div>",
            id="SyntaxHighlighter",
        ),
        pytest.param(
            '<div class="CodeMirror-code"><div><pre class="CodeMirror-line"><span>def f():</span></pre></div>'
            "<div><pre> "
            "</pre></div><div><pre>    return {}</pre></div></div>",
            id="CodeMirror",
        ),
        pytest.param("<xmp>def f():\n\n    return {}</xmp>", id="xmp"),
        pytest.param(
            '<pre><span style="user-select: none">&gt; </span>def f():\n\n    return {}</pre>',
            id="a prompt that cannot be selected",
        ),
    ],
)
def test_the_lines_of_a_listing_are_lines_and_alone(listing: str) -> None:
    assert blocks(f"<main><p>Run:</p>{listing}</main>")[1:] == blocks(f"<pre>{_CODE}</pre>")


def test_a_break_before_a_line_end_leaves_an_empty_line_as_in_a_browser() -> None:
    assert code("<pre>a<br>\nb</pre>") == ["a\n\nb"]


def test_prompts_that_can_be_copied_and_callouts_stay() -> None:
    assert code('<pre><span class="gp">&gt;&gt;&gt; </span>a = 1</pre>') == [">>> a = 1"]
    assert code("<pre>run <i class=conum data-value=1></i><b>(1)</b></pre>") == ["run (1)"]


def test_the_title_of_a_listing_stands_before_it_and_the_name_of_its_language_does_not() -> None:
    titled = '<div class="highlight"><span class="filename">bash</span><pre>x</pre></div>'
    assert [b.text for b in blocks(titled)] == ["bash", "x"]
    labelled = '<div class="language-bash"><span class="lang">Bash</span><pre>x</pre></div>'
    assert [b.text for b in blocks(labelled)] == ["x"]


def test_numbers_that_are_code_stay() -> None:
    page = "<pre>1\n2\n3</pre><p class='line-numbers'>See line 3.</p><table><tr><td>1<td>2<tr><td>3<td>4</table>"
    assert [b.text for b in blocks(page)] == ["1\n2\n3", "See line 3.", "1 | 2\n3 | 4"]


def test_the_label_of_collapsed_lines_is_no_code() -> None:
    page = """<pre><code><div class="ec-line"><div class="code">a</div></div><details
      class="ec-section github"><summary><svg></svg>1 collapsed line</summary><div class="ec-line"><div
      class="code">b</div></div></details></code></pre>"""
    assert code(page) == ["a\nb"]


def test_the_name_of_a_file_above_a_listing_of_quarto_is_no_listing() -> None:
    page = """<div><div class="code-with-filename-file"><pre><strong>a.py</strong></pre></div>
      <div class="sourceCode"><pre><code>x = 1</code></pre></div></div>"""
    assert [(one.kind, one.text) for one in blocks(page)] == [("prose", "a.py"), ("code", "x = 1")]
