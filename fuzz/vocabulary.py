r"""The words of each format: what its readers look for, so that made-up inputs get past the first look.

One token a line in the texts below; ``\n``, ``\t`` and ``\xHH`` are escapes. Tokens are fragments on purpose:
``mutation`` puts them together, nests them and repeats them.
"""

from __future__ import annotations

# Of any text: line ends, spaces and marks that are not ASCII, controls, ANSI, halves of characters.
_TEXT = r"""
\n
\n\n
\r\n
\t
    \x20
word
A longer sentence, with a comma.
café 中文 한국어 🦀
e\xcc\x81\xcc\x81\xcc\x81
\xc2\xa0
\xe2\x80\x8b
\xe2\x80\xa8
\xef\xbb\xbf
\x00
\x1b[31m
\x1b]8;;
\x7f
\xff
\xc3
<
>
&
&amp;
&#0;
&#xD800;
&#x110000;
\\
"""

_MARKDOWN = r"""
# Title\n
## Part\n
###### Deep\n
Title\n=====\n
-----\n
***\n
- item\n
1. first\n
  - nested\n
\x20   code\n
> quote\n
> > >\x20
> [!NOTE] Title\n
```rust\n
```\n
~~~~\n
```{note} Title\n
```{code-block} python\n:name: x\n
``` { .yaml .annotate title="a" }\n
`code`
``
`
**bold**
*
_
__
~~
[text](url)
[text](<a b> "title")
[ref][id]
[id]: https://docs.example "title"\n
[^1]
[^1]: note\n
![alt](data:image/png;base64,AAAA)
![
](
[[[[
]]]]
| a | b |\n|---|---|\n| 1 | 2 |\n
| a \\| b |\n
<div>\n
</div>\n
<details><summary>More</summary>\n
</details>\n
<a id="x"></a>\n
<img src="a.png" alt="alt">
<!--
-->
<br/>
<T>
Vec<Option<T>>
{x}
$x^2$
$$\n
\\(
\\[
---\ntitle: A\n---\n
+++\ntitle = "A"\n+++\n
!!! note "Title"\n    text\n
??? tip\n    text\n
=== "Tab"\n    text\n
:::note Title\n
:::\n
::::{grid}\n
:::{list-table} T\n* - a\n  - b\n:::\n
```{csv-table} T\n:header: a, b\n
```{eval-rst}\n.. note:: x\n
```{include} a.md\n
---\nk: v\n---\n
::: {.callout-note title="T"}\n
::: a.b\n    x: y\n
/// note | T\n    k: v\n
///\n
```admonish tip title="T"\n
<<< @/a.py#b\n
<!--@include: ./a.md-->
{ref}`a <b>`
{{#include part.md}}\n
{{#include part.md:2:9}}\n
{{#include part.md:anchor}}\n
{{#include page.md}}\n
{{#rustdoc_include ../beside.rs}}\n
{{#playground part.rs editable}}\n
{{< note >}}
{{< /note >}}
{{% tab name="x" %}}
{{< highlight go >}}\n
{{< ref "x" >}}
{% include part.md %}
{% raw %}
{% endraw %}
{% tabs %}
--8<-- "part.md"\n
--8<--\n
;--8<--\n
{:.class #id}\n
{#anchor}
(target)=\n
{ref}`text <x>`
r[items.fn]\n
<<<<<<< HEAD\n
=======\n
>>>>>>> other\n
https://docs.example/a?b=c#d
term\n: meaning\n
# fn main() {\n
"""

_QUARTO = r"""
---\ntitle: A\nexecute:\n  echo: false\nauthor: [{name: B}]\nabstract: c\n---\n
```{r}\n
```{r lab, echo=FALSE, fig.cap="a, (b"}\n
```{python, child=c("part.Rmd", 'x')}\n```\n
```{r, file="part.R"}\n```\n
#| echo: false\n
#| fig-cap: |\n#|   a\n
#| label: [a, {b\n
//| x = c(1, "a")\n
knitr::opts_chunk$set(echo = FALSE)\n
`r nrow(x)`
`<b>`{=html}
`x`{=latex}
[a]{.content-hidden when-format="html"}
![a](b){#fig-a\n .c d="e"}
{.unnumbered}
@fig-a
[@a; -@b, p. 3]
[-@sec-a]
\\@ref(fig:a)
(ref:a) words\n
(ref:a)
(\\#eq:a)
# (PART) A {-}\n
\\index{a|b {c}}
\\begin{center}\n
\\end{center}\n
\\begin{align}\n
\\end{align}\n
(@a) x\n
(@a)
#. x\n
| a line\n
+---+---+\n
+===+===+\n
| a | b |\n
|   +---+\n
--- ----\n
--------\n
 a   b\n
Table: a\n
: a\n
{{< include part.qmd >}}\n
{{< meta title >}}
{{{< video a >}}}
::: {.panel-tabset}\n
::: {.callout-tip}\n## T\n
```{=html}\n
^[note]
~x~
"""

_JUPYTEXT = r"""
# ---\n# jupyter:\n#   jupytext:\n#     formats: ipynb,py:percent\n# ---\n
---\njupytext:\n  formats: ipynb,md\nkernelspec: {name: python3}\n---\n
# %%\n
# %% [markdown] tags=["a"]\n
# %% {"tags": ["remove-input"]}\n
# %% language="html"\n
# %%time\n
# %matplotlib inline\n
# !ls\n
# +\n
# -\n
# + {"a": [\n
# region [markdown]\n
# endregion\n
#' text\n
#+ x\n
#\x20
a = 1\n
\"\"\"\n
```{code-cell}\n:tags: [remove-cell]\n
```{raw-cell}\n
+++ {"a": 1}\n
```python tags=["remove-input"]\n
"""

_MDX = r"""
import X from 'x'\n
import Part from './part.mdx'\n
import {a,\n b} from "x"\n
import * as y from 'y';\n
export const meta = {\n
export default function A() {\n
}\n
<Card title="T" href="/x">\n
</Card>\n
<CardGroup cols={2}>
</CardGroup>
<Tabs>\n<Tab title="One">\n
</Tab>\n</Tabs>\n
<Note>
</Note>
<Step title={"T"}>
<ParamField query="mint" type="string" required>\n
</ParamField>\n
<Part />\n
<A.B c={{d: "e"}} {...f}/>
<CodeBlock language="sh">{`\n
`}</CodeBlock>
<>
</>
{/*
*/}
{'\x20'}
{"a"}
{`a ${b} c`}
{x ? <A/> : <B/>}
{items.map(i => (\n
))}
<a href="x">
</a>
"""

_ASCIIDOC = r"""
= Title\n
Ann Lee <a@b.example>\nv1.0, 2024-05-01: words\n
:name: value\n
:!name:\n
:idprefix:\n
:leveloffset: +1\n
{name}
{counter:n}
\\{name}
== Part\n
====== Deep\n
Part\n----\n
[[id]]\n
[#id.role%option]\n
[discrete]\n
.Title\n
[source,rust,subs="+quotes"]\n
[NOTE]\n
[quote, author, source]\n
[verse]\n
[cols="1,2a,3*m",options="header"]\n
[format=csv,separator=;]\n
----\n
....\n
====\n
****\n
____\n
++++\n
--\n
////\n
```rust\n
|===\n
!===\n
,===\n
:===\n
|
2.3+a|
3*|
\\|
!
* item\n
** nested\n
- item\n
. step\n
.. nested\n
1. step\n
a. step\n
term:: text\n
term:::\n
term;; text\n
<1> callout\n
code // <1>\n
* [x] task\n
+\n
\n\n+\n
NOTE: text\n
*bold*
_light_
`code`
**
__
``
##
#
^up^
~down~
"`
`"
+kept+
+++raw+++
$$
pass:q[
stem:[x]
link:a.html[text]
https://a.example[text]
<https://a.example>
mailto:a@b.example[]
xref:part.adoc#id[]
xref:id[]
<<id>>
<<part.adoc#,text>>
[[id]]
[[[ref]]]
((term))
(((a,b)))
footnote:[text]
footnote:
kbd:[Ctrl+C]
menu:File[Save]
image:a.png[alt text]
image::a.png[alt text]\n
toc::[]\n
anchor:id[]
include::part.adoc[]\n
include::page.adoc[leveloffset=+1]\n
include::part.adoc[tag=a]\n
include::part.adoc[lines=1..3;5]\n
include::partial$part.adoc[]\n
ifdef::name[]\n
ifndef::name[]\n
ifeval::["{name}" == "a"]\n
ifdef::name[text]\n
endif::[]\n
"""

_RST = r"""
Title\n=====\n
=====\nTitle\n=====\n
Part\n----\n
Deep\n~~~~\n
.. note::\n\n   text\n
.. code-block:: rust\n   :linenos:\n\n   fn main() {}\n
.. literalinclude:: part.rst\n   :lines: 1-3\n   :start-after: a\n
.. include:: part.rst\n   :start-line: 1\n
.. include:: page.rst\n
.. include:: /beside.rst\n
.. include:: <isonum.txt>\n
.. toctree::\n   :maxdepth: 2\n\n   part\n
.. tabs::\n\n   .. group-tab:: A\n\n      text\n
.. only:: html\n\n   text\n
.. raw:: html\n\n   <b>\n
.. csv-table:: T\n   :header: a,b\n\n   1,2\n
.. list-table::\n   :widths: 1 2\n\n   * - a\n     - b\n
.. table:: T\n\n
.. math::\n\n   x^2\n
.. image:: x.png\n   :alt: a\n
.. figure:: x.png\n\n   caption\n
.. |sub| replace:: text\n
|sub|
.. _target:\n
.. _t: https://docs.example\n
.. [1] note\n
[1]_
[#a]_
.. [#a] auto\n
`link <https://docs.example>`_
`target`_
target_
__ anonymous\n
:ref:`text <x>`
:doc:`/part`
:c:func:`f`
:unknown:`x`
.. unknown::  arg\n   :opt: v\n\n   content\n
.. role:: r(code)\n   :language: c\n
.. default-role:: math\n
.. class:: x\n
.. contents::\n
.. sectnum::\n
.. meta::\n   :k: v\n
.. c:function:: int f(void)\n
.. versionadded:: 1.0\n
.. container:: a\n\n   text\n
.. parsed-literal::\n\n   a\n
.. highlight:: c\n
.. replace:: x\n
.. unicode:: 0xA9\n
.. date::\n
.. title:: T\n
.. epigraph::\n\n   q\n
.. comment\n
::\n\n   code\n
>>> doctest\n1\n
:field: value\n
term : class\n    meaning\n
* item\n
1. one\n
#. auto\n
(a) x\n
+---+---+\n| a | b |\n+===+===+\n| 1 | 2 |\n+---+---+\n
===  ===\na    b\n===  ===\n1    2\n===  ===\n
| line\n
-o FILE  option\n
``code``
*em*
**strong**
\\\x20
\x20\x20\x20
"""

_HTML = r"""
<!DOCTYPE html>
<html lang="en">
<head><title>T</title></head>
<meta charset="windows-1252">
<meta http-equiv="refresh" content="0;url=x">
<link rel="canonical" href="https://docs.example/">
<base href="x">
<body>
<main>
</main>
<article>
</article>
<nav>
</nav>
<h1 id="a">A</h1>
<h2>
</h2>
<h3 id="b"><a href="#b">B</a></h3>
<p>
</p>
<pre><code class="language-rust">
</code></pre>
<pre>
</pre>
<ul><li>
</li></ul>
<ol>
</ol>
<dl><dt>a<dd>b</dl>
<table><tr><th>a<td rowspan="2">b</table>
<table>
<tr>
<td colspan=99999>
</table>
<blockquote>
</blockquote>
<div class="highlight">
<div>
</div>
<span hidden>
</span>
<script>
</script>
<style>
</style>
<template>
<svg>
<math>
<noscript>
<iframe srcdoc="<p>">
<img alt="a" src="data:image/png;base64,AA">
<a href="x" id="c">
</a>
<details><summary>s</summary>
</details>
<br>
<hr>
<!-- c
-->
<![CDATA[
]]>
<?xml version="1.0"?>
<!ENTITY a "b">
&lt;
&nbsp;
<plaintext>
<select><option>
<form>
<input value="x">
<code>
</code>
<em>
</em>
"""

_RUSTDOC_HTML = r"""
<meta name="generator" content="rustdoc">
<meta name="rustdoc-vars" data-root-path="../" data-current-crate="demo" data-rustdoc-version="1.95.0">
<body class="rustdoc struct">
<body class="rustdoc mod crate">
<body class="rustdoc source">
<section id="main-content" class="content">
</section>
<div class="main-heading"><h1>Struct <span class="struct">Pool</span></h1></div>
<h1 class="fqn"><span class="in-band">Struct <a href="index.html">demo</a>::<a class="struct">Pool</a></span></h1>
<pre class="rust item-decl"><code>pub struct Pool { <span class="comment">/* private fields */</span> }</code></pre>
<details class="toggle top-doc" open><summary class="hideme"><span>Expand description</span></summary>
<div class="docblock">
<div class="docblock item-decl">
<div class="item-table"><div class="item-row">
<ul class="item-table"><li><div class="item-name"><a class="fn" href="fn.f.html">f</a></div>
<div class="desc">d</div></li>
<dl class="item-table"><dt><a class="mod" href="m/index.html">m</a></dt><dd>d</dd></dl>
<h2 id="implementations" class="section-header">Implementations<a href="#implementations" class="anchor">§</a></h2>
<h2 id="synthetic-implementations">Auto Trait Implementations</h2>
<h2 id="blanket-implementations">Blanket Implementations</h2>
<h2 id="fields" class="fields">Fields</h2>
<h2 id="variants" class="variants">Variants</h2>
<h2 id="trait-implementations">Trait Implementations</h2>
<h2 id="required-methods">Required Methods</h2>
<div id="implementations-list">
<div id="synthetic-implementations-list">
<div id="blanket-implementations-list">
<details class="toggle implementors-toggle" open><summary>
<section id="impl-Pool" class="impl"><h3 class="code-header">impl Pool</h3></section></summary>
<div class="impl-items">
<details class="toggle method-toggle" open><summary><section id="method.new" class="method">
<h4 class="code-header">pub fn <a href="#method.new" class="fn">new</a>() -&gt; Self</h4></section></summary>
<section id="variant.A" class="variant"><h3 class="code-header">A</h3></section>
<span id="structfield.a" class="structfield section-header"><code>a: u8</code></span>
<span class="since">1.0.0</span>
<span class="item-info"><div class="stab deprecated">Deprecated</div></span>
<div class="example-wrap"><pre class="rust rust-example-rendered"><code>let a = 1;</code></pre></div>
<a class="src" href="../src/demo/lib.rs.html#1">Source</a>
<nav class="sidebar">
</details>
</summary>
<h5 id="examples"><a href="#examples">Examples</a></h5>
"""

_MAN = r"""
.TH RING 8 2024-05-31 "tools 1.2" "Tools"\n
.SH NAME\nring \\- shows rings\n
.SH "A B"\n
.SS Part\n
.SH\n
.PP\n
.TP\n
.TP\n.B \\-a\nAll.\n
.TQ\n.B \\-\\-all\n
.IP \\(bu 2\nItem.\n
.IP\n
.HP\n
.RS 4\n
.RE\n
.nf\n
.fi\n
.EX\n
.EE\n
.B bold\n
.BR ring (2)\n
.RB [ \\-x ]\n
.I\n
.UR https://docs.example\n
.UE .\n
.MT a@docs.example\n
.ME\n
.SY ring\n
.OP \\-f file\n
.YS\n
.sp\n
.br\n
.in +4\n
.so man8/part.8\n
.so part.8\n
.so page.8\n
.so ../../a\n
.de X\n
.de Vb\n.nf\n.ne \\\\$1\n..\n
..\n
.am X\nwords\n..\n
.X a "b c"\n
.ds x y\n
.as x z\n
.ds x \\\\*x\\\\*x\n
\\*x
\\*(lq
\\*[x]
.nr a 5\n
.nr a +1 2\n
\\na
\\n+a
\\n(.$
\\$1
\\$*
\\$@
.if n \\{\\\n
.if t \\{\n
.ie \\n(.g .ds Aq '\n
.el .ds Aq '\n
.el\\{\\\n
.\\}\n
.if !'a'b' words\n
.if \\na>=(3*2) words\n
.if d X words\n
.while n words\n
.ig\n
.tr \\(*W-\n
.rn X Y\n
.als Y X\n
.rm X\n
.shift\n
.return\n
.do nop words\n
.TS\nallbox tab(:);\nlB lB.\na:b\n_\n
.TS\nl l.\n
a\tT{\nwords\nT}\n
T{\n
T}\n
.T&\nl s.\n
\\^\tc\n
.TE\n
.EQ\n
.EN\n
.PS\n
.PE\n
\\fB
\\fR
\\f(CW
\\f[
\\s+2
\\s'9'
\\-
\\&
\\c\n
\\e
\\(bu
\\[u2014]
\\[u0065_0301]
\\[char7]
\\h'+03'
\\h'-04'
\\w'words'
\\o'ab'
\\Z'words'
\\X'a'
\\"comment\n
.\\" comment\n
\\
\\\n
'br\n
.Dd May 31, 2024\n.Dt RING 8\n.Os\n
.Sh NAME\n.Nm ring\n.Nd shows rings\n
.Sh SYNOPSIS\n
.Ss Part\n
.Pp\n
.Nm\n
.Op Fl a Ar file .\n
.Fl a , Fl -all\n
.Oo\n
.Oc ,\n
.Bl -tag -width Ds\n
.Bl -column a b\n
.Bl -enum\n
.It Fl a Ar b\n
.It\n
.It a Ta b\n
.El\n
.Bd -literal\n
.Bd -filled\n
.Ed\n
.Dl $ ring\n
.D1 a\n
.Xr ring 2 ,\n
.Fn ring a b\n
.Fo ring\n
.Fa "int a"\n
.Fc\n
.In ring.h\n
.Ft int\n
.Em word Ns s\n
.Pf # Ev HOME\n
.Eo <\n
.Ec >\n
.Sm off\n
.Sm on\n
.Rs\n.%A A. One\n.%T Rings\n.Re\n
.St -p1003.1-2008\n
.Ex -std\n
.Rv -std a b\n
.Dq a Pq b Op c .\n
.Lk https://docs.example page\n
 (
 )
 ,
 "
"""

_YAML = r"""
---\n
...\n
title: A\n
date: 2024-02-30\n
version: 1.10\n
key:\n  - a\n  - b\n
  nested:\n
list: [a, b, {c: d}]\n
a: &a [x, x]\n
b: *a\n
<<: *a\n
: :\n
? key\n: value\n
text: |\n  line\n
text: >-\n  line\n
!!python/tuple [a, b]\n
!!binary SGk=\n
!!set {a, b}\n
!!timestamp 2024-01-01\n
.nan
.inf
0x1F
1_000
1:20:30
~
"quoted \u0000 \uD800"
'it''s'
%YAML 1.1\n
[[
{{
- -\x20
# comment\n
+++\n
title = "A"\n
[table.sub]\n
[[array]]\n
x = 1979-05-27T07:32:00Z\n
a.b.c = {d = [1, 2]}\n
"""

_CATALOGUE = r"""
types:\n
  rust:\n    sources:\n
    description: d\n
      - name: a\n        kind: directory\n        location: a\n
      - {name: b, kind: archive, location: b.tar.gz}\n
      - {name: c, kind: git, location: "https://docs.example/c"}\n
      - {name: d, kind: crate, version: "1"}\n
        format: markdown\n
        format: auto\n
        include: ["**/*.md"]\n
        exclude: [docs/]\n
        shards: 2\n
        attributes: {version: 1.0}\n
        base_url: https://docs.example/\n
        weight: 5\n
        ref: main\n
        subfolders: [../x]\n
        strip_components: 1\n
"""

_LLMS_TXT = r"""
# Title\n
> Summary\n
## Guides\n
### Part\n
## Optional\n
- [Page](/guides/page.md): notes\n
\x20 - [Nested](nested.md)\n
* Part:\n
1. [Numbered](numbered.md "title")\n
[
](
)
![image](a.png)
<https://docs.example.org/bare>
https://docs.example.org/plain.md
https://other.example.org/a
//docs.example.org/b
http://docs.example.org/c
https://[
:99999/
?page=1
#part
../
/./
%2e%2e%2f
%00
%ff
/index.html.md
.git/
llms-full.txt
mailto:a@example.org
```\n
"""


# Keys and values of descriptions of APIs, in YAML's flow style.
_OPENAPI = r"""
openapi: 3.1.0\n
swagger: "2.0"\n
paths: {/a: {get: {
}}}
parameters: [{name: a, in: query, schema: {
}}]
requestBody: {content: {a/b: {schema: {
responses: {"200": {description: a, content: {a/b: {schema: {
$ref: "#/components/schemas/Pet"
$ref: "#/components/schemas/Cat"
{$ref: "#/paths/~1cats~1{id}"}
{$ref: "part.yaml#/Owner"}
{$ref: "src/api.yaml"}
{$ref: "#"}
allOf: [
oneOf: [
anyOf: [
items: {
properties: {
additionalProperties: {
type: object,
type: [string, "null"],
enum: [a, b],
example: {a: [1]},
description: "*a*",
&a
*a
<<: *a
- *a\n
? [a]\n
!!int 1
|\n  a\n
[
]
{
}
,
"""


def _tokens(*texts: str) -> tuple[bytes, ...]:
    lines = [line for text in texts for line in text.strip("\n").split("\n") if line]
    return tuple(_unescape(line) for line in lines)


def _unescape(line: str) -> bytes:
    # latin-1 after utf-8: letters beyond ASCII stay the bytes that they are, escapes become the bytes they name.
    return line.encode().decode("unicode_escape").encode("latin-1", "replace") if "\\" in line else line.encode()


TEXT = _tokens(_TEXT)
MARKDOWN = _tokens(_TEXT, _MARKDOWN)
QUARTO = _tokens(_TEXT, _MARKDOWN, _QUARTO)
JUPYTEXT = _tokens(_TEXT, _MARKDOWN, _JUPYTEXT)
MDX = _tokens(_TEXT, _MARKDOWN, _MDX)
RST = _tokens(_TEXT, _RST)
ASCIIDOC = _tokens(_TEXT, _ASCIIDOC)
MAN = _tokens(_TEXT, _MAN)
HTML = _tokens(_TEXT, _HTML)
RUSTDOC_HTML = _tokens(_TEXT, _HTML, _RUSTDOC_HTML)
FRONT_MATTER = _tokens(_TEXT, _YAML)
CATALOGUE = _tokens(_YAML, _CATALOGUE)
OPENAPI = _tokens(_TEXT, _MARKDOWN, _YAML, _OPENAPI)
LLMS_TXT = _tokens(_TEXT, _LLMS_TXT)
# What stands in the strings of a notebook, of rustdoc's JSON, of a document.
IN_JSON = _tokens(_TEXT, _MARKDOWN, _HTML)
