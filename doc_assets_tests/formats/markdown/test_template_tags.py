"""Template tags: their words stay in their section, hidden text and marks go, listings keep what is their content."""

from __future__ import annotations

import time

import pytest

from doc_assets.document import Block, Document
from doc_assets.formats.base import RawFile
from doc_assets.formats.markdown.format import MarkdownFormat


def read(text: str, path: str = "docs/page.md") -> Document:
    return MarkdownFormat().parse(RawFile(path, text.encode()))[0]


def blocks(text: str) -> list[Block]:
    return [block for section in read(text).sections for block in section.blocks]


def texts(text: str) -> list[str]:
    return [block.text for block in blocks(text)]


# Hugo


def test_headings_made_of_a_shortcode_are_those_of_kubernetes() -> None:
    text = "---\ntitle: T\n---\n" + "".join(
        f'## {{{{% heading "{key}" %}}}}\n\nx\n\n' for key in ("prerequisites", "whatsnext", "seealso", "extra-notes")
    )
    sections = read(text).sections
    assert [s.heading_path for s in sections] == [
        ("Before you begin",),
        ("What's next",),
        ("See Also",),
        ("Extra notes",),
    ]
    assert sections[1].anchor == "whats-next"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('A {{< glossary_tooltip term_id="replica-set" >}} here.', ["A replica set here."]),
        ('{{< glossary_tooltip text="Pods" term_id="pod" >}} run.', ["Pods run."]),
        ('{{< glossary_definition term_id="pod" length="all" prepend="A Pod is" >}}', ["A Pod is"]),
        (
            '{{< feature-state for_k8s_version="v1.29" state="beta" >}}\n{{% thirdparty-content single="true" %}}\nx',
            ["Feature state: Kubernetes v1.29 [beta]", "x"],
        ),
        ('{{< feature-state feature_gate_name="JobPodFailurePolicy" >}}', ["Feature state: JobPodFailurePolicy"]),
        ('{{< tabs name="an_id" >}}\n{{% tab name="Pod" %}}\nx\n{{% /tab %}}\n{{< /tabs >}}', ["Pod", "x"]),
        ("{{% tabs %}}\n{{% tab SSH %}}\nx\n{{% /tab %}}\n{{% /tabs %}}", ["SSH", "x"]),
        # Hextra: the labels stand in the group.
        (
            '{{< tabs items="JSON, YAML" >}}\n{{< tab >}}\na\n{{< /tab >}}\n'
            "{{< tab >}}\nb\n{{< /tab >}}\n{{< /tabs >}}",
            ["JSON", "a", "YAML", "b"],
        ),
        ('{{< card link="/x" title="Callout" subtitle="What it does" icon="warning" >}}', ["Callout\nWhat it does"]),
        ('{{% details title="More" closed="true" %}}\nx\n{{% /details %}}', ["More", "x"]),
        # Docsy, Relearn, Congo, Hugo Book
        ('{{% alert title="Mind" color="warning" %}}x{{% /alert %}}', ["Mind", "x"]),
        (
            '{{< card header="**Imagine**" title="Song" footer="by him" >}}\nx\n{{< /card >}}',
            ["Imagine\nSong\nby him", "x"],
        ),
        ('{{% notice note "A title" %}}\nx\n{{% /notice %}}', ["A title", "x"]),
        ('{{< alert "circle-info" >}}\nx\n{{< /alert >}}', ["x"]),
        ('{{< expand "Show the rest" "..." >}}\nx\n{{< /expand >}}', ["Show the rest", "x"]),
        ("{{< hint info >}}\nx\n{{< /hint >}}", ["x"]),
        # Unknown names: phrases are words, wherever they stand; paths, styles and flags are not.
        ('{{< fancy-box "Drain before you upgrade" "img/a.png" "true" >}}', ["Drain before you upgrade"]),
        ('{{< since "1.29" "Pods restart with it" >}}', ["1.29\nPods restart with it"]),
        ('{{< requirement what="Needs root rights" css="a: b; c" icon="x y" >}}', ["Needs root rights"]),
        ('It {{< kbd Ctrl+C >}} a {{< badge "beta" >}} key {{< icon "github" >}}.', ["It Ctrl+C a beta key ."]),
        ("{{< callout\n  title=`Over\n  lines`\n>}}\nx\n{{< /callout >}}", ["Over lines", "x"]),
        ('See [a]({{< ref "a.md" >}}) and {{< ref "b.md" >}}.', ["See a and ."]),
        ("{{</* note */>}} is written so.", ["{{< note >}} is written so."]),
        (
            '### One {{< badge "new" >}}\n\nA {{% tooltip "What it means" %}}word{{% /tooltip %}}.',
            ["A What it means word."],
        ),
        ('| a |\n|---|\n| {{< term "Fee" >}} |', ["a\nFee"]),
    ],
)
def test_shortcodes_give_their_words(text: str, expected: list[str]) -> None:
    assert texts(f"# T\n\n{text}\n") == expected


def test_a_term_on_a_line_of_its_own_stays_in_its_sentence() -> None:
    text = 'You need a\n{{< glossary_tooltip text="runtime" term_id="cri" >}}\non each node.\n'
    assert texts(text) == ["You need a\nruntime\non each node."]


def test_a_shortcode_that_is_a_heading_of_its_own_opens_a_section() -> None:
    sections = read(
        "a\n\n{{% prerequisites-heading %}}\n\nb\n\n## Do it\n\nc\n\n{{% whatsnext_heading %}}\n\nd\n"
    ).sections
    assert [s.heading_path for s in sections] == [(), ("Before you begin",), ("Do it",), ("What's next",)]


def test_a_shortcode_in_a_list_leaves_the_list_whole() -> None:
    text = (
        "1. One\n   {{< note >}}\n   Mind.\n   {{< /note >}}\n1. Two\n\n"
        '   {{< details title="More" >}}\n   x\n   {{< /details >}}\n'
    )
    assert texts(text) == ["1. One\n  Mind.\n1. Two\n  More\n  x"]


def test_values_of_the_site_in_a_listing_of_hugo_are_placeholders_and_other_templates_stay() -> None:
    code = "curl {{< latest-version >}}/{{% param version %}} {{ .Values.x }} ${{ secrets.X }} {% if x %}"
    rendered = "curl <latest-version>/<version> {{ .Values.x }} ${{ secrets.X }} {% if x %}"
    assert texts(f"---\nweight: 3\n---\n```sh\n{code}\n```\n") == [rendered]
    assert texts(f"{{{{< note >}}}}\nUse `{{{{< latest-version >}}}}`.\n{{{{< /note >}}}}\n\n```sh\n{code}\n```\n") == [
        "Use `<latest-version>`.",
        rendered,
    ]
    assert texts(f"Any tool.\n\n```sh\n{code}\n```\n") == ["Any tool.", code]


# Liquid, Markdoc, GitBook, macros


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{% include note.html content="This is **new**." type="x" %}', ["This is new."]),
        ('{% include image.html file="a.png" alt="A map" caption="The map" %}', ["A map\nThe map"]),
        ("See [x]({% link a.md %}) and [y]({{ site.baseurl }}/b).", ["See x and y."]),
        ('{% assign a = "Some hidden words" %}\n{% if a == "Some other words" %}shown{% endif %}', ["shown"]),
        ('Click {% octicon "gear" aria-label="Settings" %}.', ["Click Settings."]),
        ("{% note %}\n\n**Note:** x\n\n{% endnote %}", ["Note: x"]),
        ("{% raw %}Use {{ name }} and {% x %}.{% endraw %}", ["Use {{ name }} and {% x %}."]),
        ('{% tabs %}\n{% tab label="One" %}\nx\n{% /tab %}\n{% /tabs %}', ["One", "x"]),
        ('Two calls. {% .lead %}\n\n- a {% width="50%" %}', ["Two calls.", "- a"]),
        ('{% quick-link title="Burn" icon="T" href="/b" description="Ends it" /%}', ["Burn\nEnds it"]),
        ('{% card\n   title="Over lines"\n   to="/x/y.md"\n%}\nx\n{% /card %}', ["Over lines", "x"]),
        ('{% admonition type="info" name="Naming" %}\nx\n{% /admonition %}', ["Naming", "x"]),
        ("{% if $flags.x %}shown{% /if %} for {% $user.name %} all", ["shown for all"]),
        ('{% hint style="info" %}\nx\n{% endhint %}', ["x"]),
        ('{% code title="index.js" overflow="wrap" %}\n```js\nx\n```\n{% endcode %}', ["index.js", "x"]),
        (
            '{% code-tabs %}\n{% code-tabs-item title="a/b.rb" %}\nx\n{% endcode-tabs-item %}\n{% endcode-tabs %}',
            ["a/b.rb", "x"],
        ),
        (
            '{% embed url="https://e.example/1" %}\n\n{% embed url="https://y" caption="A talk" %}',
            ["https://e.example/1", "A talk"],
        ),
        ('{% file src="../a/b.zip" caption="Get it" %}\n\n{% file src="c/report.pdf" %}', ["Get it", "report.pdf"]),
        ('{% content-ref url="a.md" %}\n[The page](a.md)\n{% endcontent-ref %}', ["The page"]),
        (
            '{% updates format="full" %}\n{% update date="2026-04-22" tags="a" %}\nx\n'
            "{% endupdate %}\n{% endupdates %}",
            ["2026-04-22", "x"],
        ),
        ("{% stepper %}\n{% step %}\nx\n{% endstep %}\n{% endstepper %}", ["x"]),
        (
            '{% openapi-operation spec="s" path="/v1/x" method="post" %}\n[OpenAPI s](https://s.json)\n'
            "{% endopenapi-operation %}",
            ["POST /v1/x"],
        ),
        ('{{ linux_version("5.2", "For all maps,\nalso old ones.") }}', ["5.2\nFor all maps, also old ones."]),
        ("The {{ godoc('VariableSpec') }} here.", ["The `VariableSpec` here."]),
        ("{{ example('DocX', title=\"Sets it\") }}", ["`DocX`\nSets it"]),
    ],
)
def test_tags_give_their_words(text: str, expected: list[str]) -> None:
    assert texts(f"# T\n\n{text}\n") == expected


def test_conditions_between_the_rows_of_a_table_do_not_end_it() -> None:
    text = "| A |\n|---|\n{% ifversion x %}| a |{% endif %}\n{%- for x in y %}\n| b |\n{%- endfor %}\n| c |\n"
    assert texts(text) == ["A\na\nb\nc"]


def test_the_link_to_a_specification_is_no_text() -> None:
    text = '{% swagger src="https://x/y.yaml" path="/pets" method="get" %}\n[https://x/y.yaml](https://x/y.yaml)\n'
    text += "{% endswagger %}\n"
    assert texts(text) == ["GET /pets"]


def test_endpoints_of_gitbook_keep_parameters_and_answers() -> None:
    new = (
        '{% swagger method="post" path="/fetch" baseUrl="https://a.b" summary="Fetches it" %}\n'
        "{% swagger-description %}\n"
        'Long words.\n{% endswagger-description %}\n\n{% swagger-parameter in="query" name="day" type="String" '
        'required="true" %}\nThe day\n{% endswagger-parameter %}\n\n{% swagger-response status="200: OK" '
        'description="Worked" %}\n```json\n{}\n```\n{% endswagger-response %}\n{% endswagger %}\n'
    )
    assert texts(new) == [
        "Fetches it\nPOST https://a.b/fetch",
        "Long words.",
        "day String query required",
        "The day",
        "200: OK Worked",
        "{}",
    ]
    old = (
        '{% api-method method="get" host="https://a.b" path="/x/{id}" %}\n{% api-method-summary %}\nGet it\n'
        "{% endapi-method-summary %}\n{% api-method-path-parameters %}\n"
        '{% api-method-parameter name="id" type="string" required=true %}\nThe id\n{% endapi-method-parameter %}\n'
        "{% endapi-method-path-parameters %}\n{% api-method-response-example httpCode=200 %}\nx\n"
        "{% endapi-method-response-example %}\n{% endapi-method %}\n"
    )
    assert texts(old) == ["GET https://a.b/x/{id}", "Get it", "id string required", "The id", "200", "x"]


def test_an_id_of_markdoc_is_the_anchor_of_its_heading() -> None:
    section = read("x\n\n## Before {% #prepare .wide %}\n\ny\n").sections[1]
    assert (section.heading_path, section.anchor) == (("Before",), "prepare")


@pytest.mark.parametrize(
    "hidden",
    [
        "{{< comment >}}\nhidden\n{{< /comment >}}",
        "{{% comment %}}hidden{{% /comment %}}",
        "{% comment %}\nhidden\n\n```\nhidden\n```\n{% endcomment %}",
        "{%- comment -%} hidden {%- endcomment -%}",
        "{% # hidden %}",
        "{# hidden\nover lines #}",
        "{::comment}\nhidden\n{:/comment}",
    ],
)
def test_comments_of_templates_are_hidden(hidden: str) -> None:
    assert texts(f"a\n\n{hidden}\n\nb\n") == ["a", "b"]
    assert texts(f"```text\n{hidden}\n```\n".replace("```\nhidden\n```\n", "")) == [
        hidden.replace("```\nhidden\n```\n", "")
    ]


def test_raw_marks_around_a_listing_go_and_its_templates_stay() -> None:
    assert texts("{% raw %}\n```yaml\na: {{ x }}\n```\n{% endraw %}\n") == ["a: {{ x }}"]
    assert texts("---\nlayout: x\n---\n```yaml\n{% raw %}\na: {{ x }}\n{% endraw %}\n```\n") == ["a: {{ x }}"]
    assert texts("```yaml\n{% raw %}\na: {{ x }}\n{% endraw %}\n```\n") == ["{% raw %}\na: {{ x }}\n{% endraw %}"]


@pytest.mark.parametrize(
    "piece",
    [
        "{% a ",
        "{{< a ",
        '{% a "',
        "{% comment %}",
        "{{ f('",
        "{{< comment >}} ",
        "{% raw %}`",
        "{{ a(\"b' ",
        f"{{% a b='{'n' * 5000}' %}} ",
    ],
)
def test_tags_without_an_end_swallow_nothing_and_take_linear_time(piece: str) -> None:
    start = time.process_time()
    document = read(f"# T\n\n{piece * (1000 if len(piece) < 100 else 20)}\n\nlast words\n")
    assert time.process_time() - start < 1
    assert document.sections[-1].blocks[-1].text.endswith("last words")


def test_branches_of_a_condition_in_one_line_are_words_of_their_own() -> None:
    assert texts("On {% ifversion fpt %}GitHub{% else %}your server{% endif %}.\n") == ["On GitHub your server."]


def test_values_of_handlebars_go_on_a_page_with_blocks_of_it() -> None:
    block = '{{#option "`--lib`" }}\n{{actionverb}} the library, as `{{x}}`; it will {{lower verb}} all.\n{{/option}}\n'
    assert texts(block) == ["`--lib`", "the library, as `{{x}}`; it will all."]
    assert texts("Say {{name}}.\n") == ["Say {{name}}."]


@pytest.mark.parametrize("tab", ['{{< tab name="A" codelang="sh" >}}', '{{< tab header="A" lang="sh" >}}'])
def test_a_tab_that_states_a_language_is_a_listing(tab: str) -> None:
    assert blocks(f"{tab}\n# x *y*\n{{{{< /tab >}}}}\n\nEnd.\n") == [
        Block("A"),
        Block("# x *y*", "code"),
        Block("End."),
    ]


def test_lists_in_cells_of_markdoc_are_their_words() -> None:
    text = "{% table %}\n* A\n* B\n---\n* one\n*\n  - two\n  - three\n{% /table %}\n"
    assert blocks(text) == [Block("A | B\none | two three", "table")]


def test_a_card_of_docsy_that_is_code_is_a_listing() -> None:
    listing = '{{% card code=true header="A" lang="C" %}}\n# x *y*\n{{% /card %}}'
    text = listing + '\n\n{{< card header="B" >}}\n*w*\n{{< /card >}}\n'
    assert blocks(text) == [Block("A"), Block("# x *y*", "code"), Block("B"), Block("w")]


def test_calls_with_named_arguments_show_their_captions() -> None:
    text = '{{ youtube(id="abc") }}\n\n{{ figure(src="x.png", caption="A cap") }}\n\nEnd.\n'
    assert texts(text) == ["A cap", "End."]


def test_values_of_a_loop_are_no_text() -> None:
    item = "* See [{{ p.title }}]({{ p.url | x }}) in `{{ p.y }}`"
    text = f"{{% for p in pages %}}\n{item}\n{{% endfor %}}\n\nOf {{{{ other }}}} kind.\n"
    assert texts(text) == ["- See in `{{ p.y }}`", "Of {{ other }} kind."]
