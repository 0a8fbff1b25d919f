"""The quick reader of YAML gives what the library gives: values with their types, lines, mistakes."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from service.content import content_files
from service.rules.document import _read_any, read_yaml
from service.rules.plain_yaml import PlainReader, Special

TEXTS = [
    "a: 1\nb: [x, 'y', \"z\", 1.5, -3, 0x1f, 1_000, 017, 1e3, 1.0e+3, .5, .inf]\n",
    "yes: no\non: off\ny: n\nnull: ~\n'null': 'yes'\nnothing:\n",
    "2026-01-02: 2026-01-02\nat: 2026-01-02T03:04:05Z\n",
    "1: a\n1.0: b\ntrue: c\n'1': d\n",
    "a: |\n  lines\n  of text\nb: >-\n  one\n  line\nc: ''\n",
    "- a\n- - b\n  - {c: d}\n- []\n- {}\n",
    "# only a remark\n",
    "",
    "just text\n",
    "12\n",
    "a: 1\nb: 2\na: 3\n",
    "a: {b: 1, b: {c: 1, c: 2}}\nlist:\n  - {x: 1, x: 2}\n",
    "a: &one {b: 1}\nc: *one\n",
    "base: &b {x: 1}\nmore: {<<: *b, y: 2}\n",
    "a: !!str 1\nb: !!int '3'\n",
    "a: !unknown 1\n",
    "? [a, b]\n: c\n",
    "= : 1\n",
    "a: 1\n---\nb: 2\n",
    "--- \na: 1\n...\n",
    "a: [1, 2\n",
    "a: b: c\n",
    "\ta: 1\n",
    "a: 2026-02-31\n",
    "a: *none\n",
    "%YAML 1.1\n---\na: 1\n",
    "a: \x07\n",
    "ä: ö # ü\nemoji: '😀'\n",
]
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.dates(), st.text(max_size=12),
    st.sampled_from(["yes", "off", "~", "1e3", "0x1f", "1:30", "=", "<<", "2026-01-02", "null", ".5", "-"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(SCALARS, inner, max_size=4)),
    max_leaves=12,
)


@pytest.mark.parametrize("text", TEXTS)
def test_it_reads_what_the_library_reads(text: str) -> None:
    ours, theirs = read_yaml("f.yaml", text), _read_any("f.yaml", text)
    assert repr(ours) == repr(theirs)  # 1, 1.0 and True are equal, but not the same


@given(value=VALUES, flow=st.booleans())
def test_it_reads_whatever_is_written(value: object, flow: bool) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True)
    assert repr(read_yaml("f.yaml", text)) == repr(_read_any("f.yaml", text))


@pytest.mark.parametrize("text", ["a: &x 1\n", "a: !!str 1\n", "{<<: {}}\n", "? [a]\n: b\n", "a\n---\nb\n", ""])
def test_what_is_seldom_is_left_to_the_library(text: str) -> None:
    with pytest.raises(Special):
        PlainReader().read(text)


def test_all_content_is_read_the_quick_way_and_alike() -> None:
    reader = PlainReader()
    files = {path: text for path, text in content_files().items() if path.endswith(".yaml")}
    for path, text in sorted(files.items())[::12]:
        assert repr(read_yaml(path, text)) == repr(_read_any(path, text)), path
    for text in files.values():
        reader.read(text)  # nothing in it is special


def test_equal_values_of_several_files_are_one_object() -> None:
    reader = PlainReader()
    one, other = (reader.read(text)[0] for text in ("a: some words\n", "b: some words\n"))
    assert one["a"] is other["b"]
