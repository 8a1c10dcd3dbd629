"""Notebooks give their text, their code and little of their outputs; what is no notebook is named for what it is."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from doc_assets.document import Document, canonical_json, lay_out
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.notebook.format import _integer
from doc_assets_tests.support.notebooks import code, kinds, markdown, parse, printed, raw, read


def shown(**data: str) -> dict[str, Any]:
    mimes = {name.replace("_", "/", 1): value for name, value in data.items()}
    return {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": mimes}


def test_headings_of_markdown_cells_group_the_cells_below_them() -> None:
    document = read(
        markdown(["# Pumps\n", "\n", "Intro."]),
        code("import pump"),
        markdown("## Open"),
        code("pump.open()", printed("ok then")),
        markdown("### Wide open\n\nMore."),
        code("%timeit pump.open('wide')"),
    )
    assert document.title == "Pumps"
    assert [(s.heading_path, [(b.kind, b.text) for b in s.blocks]) for s in document.sections] == [
        ((), [("prose", "Intro."), ("code", "import pump")]),
        (("Open",), [("code", "pump.open()"), ("output", "ok then")]),
        (("Open", "Wide open"), [("prose", "More."), ("code", "%timeit pump.open('wide')")]),
    ]


def test_title_is_the_first_h1_then_a_bold_first_line_then_metadata_then_the_file() -> None:
    assert read(markdown("text"), markdown("# Real"), title="Stated").title == "Real"
    assert read(markdown("**Chapter 2: Pumps**\n\ntext"), markdown("# Set-up"), code("x")).title == "Chapter 2: Pumps"
    assert read(markdown("text"), title="Stated").title == "Stated"
    assert read(markdown("text")).title == "First steps"


def test_running_again_changes_nothing() -> None:
    def run(address: str, seconds: str, count: int) -> Document:
        return read(
            code(
                "fit()",
                printed(
                    f"Epoch 1/2\n  1/10 [=>....] - ETA: {seconds}s\r10/10 [=====] - {seconds}s 3ms/step\nDone well\n"
                ),
                printed(f" 50%|███   | 1/2 [00:{seconds}<00:01]\r100%|██████| 2/2", "stderr"),
                printed(f"2024-01-01 10:00:{seconds}.12: I tensorflow/core] started\n", "stderr"),
                printed(f"CPU times: user {seconds} ms\nWall time: {seconds} s\n"),
                shown(text_plain=f"[<matplotlib.lines.Line2D at {address}>]", image_png="AAAA" * 100),
                shown(text_plain=f"<function pump.open at {address}> is open"),
                count=count,
            )
        )

    first, second = run("0x7f0000000000", "11", 1), run("0x7fffffff1234", "59", 7)
    assert first == second
    assert [b.text for s in first.sections for b in s.blocks] == ["fit()", "Done well\n<function pump.open> is open"]


def test_another_run_in_another_place_changes_nothing() -> None:
    def run(count: int, image: str, seconds: str, *streams: dict[str, Any]) -> bytes:
        cell = code(
            "model.fit()",
            *streams,
            shown(text_plain="<Figure size 640x480 with 1 Axes>", image_png=image),
            shown(text_html=f"<b>{image}</b>", text_plain="a result to keep"),
            count=count,
        )
        cell["id"] = f"cell-{image}"
        cell["metadata"] = {"execution": {"iopub.execute_input": seconds}, "ExecuteTime": {"end_time": seconds}}
        cells = [markdown("# Fit"), cell]
        widgets = {"application/vnd.jupyter.widget-state+json": {"state": {image: {"value": seconds}}}}
        metadata = {"kernelspec": {"name": "python3"}, "widgets": widgets, "toc": {"toc_position": seconds}}
        return json.dumps({"nbformat": 4, "nbformat_minor": count, "metadata": metadata, "cells": cells}).encode()

    first = run(1, "aVZCT1I=", "11:00", printed("one line\n"), printed("a warn", "stderr"), printed("and two\n"))
    second = run(9, "ZGlmZmVy", "12:34", printed("a warn", "stderr"), printed("one li"), printed("ne\nand two\n"))
    assert parse(first) == parse(second)
    assert [block.text for block in parse(first).sections[0].blocks] == [
        "model.fit()",
        "one line\nand two\na result to keep\na warn",
    ]


def test_long_arrays_of_numbers_are_dropped_and_short_ones_and_tables_are_read_along() -> None:
    array = "array([[" + ", ".join(f"{i / 7:.8f}" for i in range(60)) + "]])"
    table = "           price   rooms\n" + "\n".join(f"seaside {i}  {i * 1.5}   {i}" for i in range(12))
    assert kinds(code("x", shown(text_plain=array))) == [("code", "x")]
    assert kinds(code("x", shown(text_plain="array([1, 2, 3])")))[1] == ("output", "array([1, 2, 3])")
    assert kinds(code("x", shown(text_plain=table)))[1] == ("output", table)


def tagged(cell: dict[str, Any], **metadata: object) -> dict[str, Any]:
    return {**cell, "metadata": metadata}


def test_what_the_author_keeps_out_of_the_page_is_left_out() -> None:
    assert kinds(
        tagged(code("a = 1", printed("word")), tags=["remove-cell"]),
        tagged(markdown("Hidden."), nbsphinx="hidden"),
        tagged(code("b = 1", printed("shown then")), tags=["remove-input", 7]),
        tagged(code("c = 1", printed("word")), tags=["remove_output"]),
        tagged(code("d = 1"), tags="remove-cell"),
    ) == [("output", "shown then"), ("code", "c = 1"), ("code", "d = 1")]


def test_front_matter_in_a_raw_cell_gives_the_title() -> None:
    front = {"cell_type": "raw", "metadata": {}, "source": "---\ntitle: Pumps\nformat: html\n---"}
    document = read(front, markdown("Text."))
    assert document.title == "Pumps"
    assert lay_out(document)[0] == "Text."


def test_cell_magics_are_code_as_they_stand() -> None:
    assert kinds(code("%%bash\npump --open\n")) == [("code", "%%bash\npump --open")]


def test_outputs_without_words_to_find_are_dropped() -> None:
    widget = {
        "output_type": "display_data",
        "metadata": {},
        "data": {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}, "text/plain": "IntSlider(value=3)"},
    }
    html = {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<b>bold</b>", "image/png": "iVBOR"}}
    plain = shown(text_plain="<Figure size 640x480 with 1 Axes>")
    assert kinds(code("show()", widget, html, plain, shown(text_plain="42"))) == [("code", "show()")]


def test_long_outputs_keep_their_first_lines() -> None:
    [_, (kind, lines)] = kinds(code("x", printed("".join(f"line {i}\n" for i in range(10_000)))))
    [_, (_, wide)] = kinds(code("x", printed("word " * 5_000)))
    assert (kind, lines.split("\n")) == ("output", [f"line {i}" for i in range(20)])
    assert 900 < len(wide) <= 1_000


def test_tracebacks_become_one_line_without_colours() -> None:
    error = {
        "output_type": "error",
        "ename": "ValueError",
        "evalue": "bad \x1b[31mvalve\x1b[0m\nmore",
        "traceback": ["x"],
    }
    assert kinds(code("x", error))[1] == ("output", "ValueError: bad valve")


@pytest.mark.parametrize(
    "cell",
    [
        code('#@title Licensed under the Apache License, Version 2.0 (the "License");\n# you may not use this file'),
        code("#@title MIT License\n#\n# Copyright (c) 2017 Ann\n# Permission is hereby granted, free of charge"),
        markdown("##### Copyright 2021 The Pump Authors."),
        markdown('Copyright 2020 Ann.\n\nLicensed under the Apache License, Version 2.0 (the "License");'),
        markdown(
            '<table class="tfo-notebook-buttons" align="left">\n<td>\n<a target="_blank" href="https://colab.research.'
            'google.com/x.ipynb"><img src="https://x/colab.png" />Run in Google Colab</a>\n</td>\n</table>'
        ),
        markdown("[![Open in Colab](https://x/y.png)](https://colab.research.google.com/github/a/b.ipynb)"),
        {"cell_type": "raw", "metadata": {}, "source": "---\nCopyright 2026 Ann.\n---"},
        {"cell_type": "raw", "metadata": {"raw_mimetype": "text/latex"}, "source": "\\newpage"},
        code(" \n"),
    ],
)
def test_notices_buttons_and_empty_cells_leave_nothing(cell: dict[str, Any]) -> None:
    assert kinds(cell, markdown("Text.")) == [("prose", "Text.")]


def test_comments_about_licences_beside_code_are_code() -> None:
    source = "# Licensed under the Apache License\nimport pump"
    assert kinds(code(source)) == [("code", source)]


def test_embedded_files_never_reach_the_text() -> None:
    blob = "QUJD" * 50_000
    document = read(
        {
            **markdown(f"Look: ![plot](data:image/png;base64,{blob}) ![image.png](attachment:image.png)"),
            "attachments": {},
        },
        code(f"image = '{blob}'", shown(text_plain=f"b'{blob}'", image_png=blob)),
    )
    assert len(lay_out(document)[0]) < 200


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b" \n", "empty file"),
        (b"null", "null where an object"),
        (b"[1, 2]", "a list where an object"),
        (b"3", "a number where an object"),
        (b'{"a": 1}', "no 'cells'"),
        (b'{"nbformat": 4, "cells": {}}', "'cells' is not a list"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "mark', "cut off"),
        (b'{"nbformat": 4, "cells": [', "cut off"),
        (b'{"nbformat": 4, "cells": [}', "not valid JSON"),
        (b'{"nbformat": 3, "worksheets": 7}', "cannot be upgraded"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "Git LFS pointer.*git lfs pull"),
        (b"<!DOCTYPE html><html></html>", "HTML page"),
        (b"\x00\xff\xfe\x01" * 50, "not valid JSON|cannot be read"),
    ],
)
def test_what_is_no_notebook_is_rejected_with_its_name(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentRejected, match=reason):
        parse(data)


def test_json_that_its_parser_gives_up_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    def gives_up(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr("json.loads", gives_up)
    with pytest.raises(DocumentRejected, match="nested too deep"):
        parse(b'{"nbformat": 4, "cells": []}')


def test_a_notebook_without_cells_is_skipped() -> None:
    with pytest.raises(DocumentSkipped, match="no cells"):
        read()


@pytest.mark.parametrize("version", [2, 3])
def test_old_versions_are_upgraded_in_silence(version: int, capfd: pytest.CaptureFixture[str]) -> None:
    cells: list[dict[str, object]] = [
        {"cell_type": "markdown", "source": ["# Old\n", "\n", "Still here."], "metadata": {}},
        {"cell_type": "code", "input": ["print 2"], "language": "python", "outputs": [], "collapsed": False},
    ]
    if version == 3:
        cells.insert(1, {"cell_type": "heading", "level": 2, "source": ["Part"], "metadata": {}})
    notebook = {"nbformat": version, "metadata": {"name": "old"}, "worksheets": [{"cells": cells, "metadata": {}}]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        document = parse(json.dumps(notebook).encode())
    assert document.title == "Old"
    assert [b.text for s in document.sections for b in s.blocks] == ["Still here.", "print 2"]
    assert document.metadata["nbformat"] == version
    assert capfd.readouterr().err == ""


def test_the_first_version_is_upgraded_and_worksheets_are_read_whatever_the_version_says() -> None:
    first = {"nbformat": 1, "cells": [{"cell_type": "text", "text": "Old."}, {"cell_type": "code", "code": "print 1"}]}
    assert [b.text for s in parse(json.dumps(first).encode()).sections for b in s.blocks] == ["Old.", "print 1"]
    sheets = [{"cells": [{"cell_type": "code", "input": "print 2", "outputs": [], "language": "python"}]}]
    for version in (4, None, "3"):
        odd = parse(json.dumps({"nbformat": version, "metadata": {}, "worksheets": sheets}).encode())
        assert [b.text for s in odd.sections for b in s.blocks] == ["print 2"]


def test_numbers_of_any_length_and_keys_written_twice_are_read() -> None:
    raw = '{"nbformat": 4, "n": %s, "cells": [], "cells": [{"cell_type": "code", "source": "pump()"}]}' % ("9" * 401)
    assert [b.text for s in parse(raw.encode()).sections for b in s.blocks] == ["pump()"]


def test_a_number_longer_than_any_that_is_meant_is_no_number() -> None:
    assert _integer("9" * 400) == 10**400 - 1
    assert _integer("9" * 401) is None


def test_the_language_is_stated_or_told_by_the_kernel() -> None:
    assert read(code("x y"), kernelspec={"name": "python3"}).metadata["language"] == "python"
    assert read(code("x y"), kernelspec={"name": "ir", "language": "R"}).metadata["language"] == "R"
    assert "language" not in read(code("x y"), kernelspec={"name": ["odd"]}, language_info=[]).metadata


def test_odd_but_readable_notebooks_are_read() -> None:
    kernel = {"kernelspec": {"display_name": "Python 3", "name": "python3"}, "language_info": {"name": "python"}}
    later = {"nbformat": 9, "metadata": kernel, "cells": [markdown("# Später"), "no cell", {"cell_type": "quantum"}]}
    document = parse(b"\xef\xbb\xbf" + json.dumps(later).encode())
    assert document.title == "Später"
    assert document.metadata == {"kernel": "Python 3", "language": "python", "nbformat": 9}


def test_what_a_database_refuses_is_gone() -> None:
    raw = (
        '{"nbformat": 4, "metadata": {"title": "cut \\ud83d title", "kernelspec": {"name": "a\\u0000b", "x": NaN}},'
        ' "cells": [{"cell_type": "code", "source": "x = \'\\ud83d\\u0000\'", "outputs": '
        '[{"output_type": "stream", "text": "half \\udc00 word"}]}]}'
    )
    document = parse(raw.encode())
    everything = document.title + lay_out(document)[0] + canonical_json(document.metadata)
    everything.encode()
    assert "\0" not in everything
    assert "half \ufffd word" in everything


@pytest.mark.parametrize("kind", [markdown, raw])
def test_front_matter_of_the_first_cell_is_title_and_facts(kind: Callable[[str], dict[str, Any]]) -> None:
    head = "---\ntitle: Estimate tides\nsubtitle: Harmonic\nkeywords: [tides, moon]\njupytext:\n  a: 1\n---\n"
    document = read(code(""), kind(head), markdown("# Data\n\nHourly."), kernelspec={"name": "python3"})
    assert document.title == "Estimate tides"
    assert [s.heading_path for s in document.sections] == [("Data",)]
    assert document.metadata["keywords"] == ["tides", "moon"] and document.metadata["subtitle"] == "Harmonic"
    assert document.metadata["kernel"] == "python3" and "jupytext" not in document.metadata


def test_text_behind_front_matter_stays_and_rules_around_text_are_none() -> None:
    both = read(markdown("---\ntitle: Tides\n---\n# Tides\n\nThe *moon*."))
    assert (both.title, [b.text for s in both.sections for b in s.blocks]) == ("Tides", ["The moon."])
    rules = read(markdown("---\n\nSome words, and more.\n\n---\n\nText."))
    assert [b.text for s in rules.sections for b in s.blocks] == ["Some words, and more.", "Text."]
    later = read(markdown("Text."), markdown("---\ntitle: Tides\n---\n"))
    assert later.title == "First steps"


def test_the_name_of_a_databricks_notebook_is_its_title() -> None:
    facts: dict[str, Any] = {"application/vnd.databricks.v1+notebook": {"notebookName": "Ledger"}}
    assert read(code("x"), **facts).title == "Ledger"
    assert read(code("%md # Load"), code("x"), **facts).title == "Load"


def test_cells_of_old_notebooks_that_are_neither_text_nor_code_today_are_read() -> None:
    cells = [
        {"cell_type": "rst", "source": "Pumps\n=====\n\nSee ``open``.\n\n.. note:: Mind.\n"},
        {"cell_type": "text", "source": "Plain words."},
        {"cell_type": "html", "source": "<h3>Valves</h3><p>One <b>more</b>.</p>"},
        {"cell_type": "markdown", "source": "Some *marks*."},
        {"cell_type": "code", "input": "x = 1", "language": "python", "outputs": [], "collapsed": False},
    ]
    old = {"nbformat": 2, "metadata": {"name": "old"}, "worksheets": [{"cells": cells}]}
    document = parse(json.dumps(old).encode())
    assert document.title == "Pumps"
    shown = [b.text for s in document.sections for b in s.blocks]
    assert shown[:3] == ["See `open`.", "Note: Mind.", "Plain words."]
    assert "One more." in shown[-3] and shown[-2:] == ["Some marks.", "x = 1"]
