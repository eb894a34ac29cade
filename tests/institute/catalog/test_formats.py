"""Formats of others, as pure functions."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib
from decimal import Decimal
from typing import Any

import pytest

from institute.catalog.formats import bibtex, cards, licences, metrics, pickles, tensors
from tests.factories.catalog import ENERGY, safetensors


def in_order(_value: object) -> str:
    """Ids by position: archives hold the time of their making, and workers must agree on names."""
    return ""


class Evil:
    def __reduce__(self) -> Any:
        return (print, ("x",))


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred(content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("folder"), None)
        info = tarfile.TarInfo("data")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


MODERN = pickle.dumps({"a": 1}, protocol=4)
OLD = pickle.dumps(Evil(), protocol=0)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (MODERN, "a pickle"),
        (OLD, "a pickle of protocol 0 or 1"),
        (MODERN + b"x" * 500, "a pickle"),
        (b"(S'x'\nios\nsystem\n.", "a pickle of protocol 0 or 1"),
        (b"cos\nsystem\n(S'x'\ntR then rubbish", "a pickle of protocol 0 or 1"),
        (OLD + b"x" * 500, "a pickle of protocol 0 or 1"),
        (pickle.dumps(list(range(200_000))), "a pickle"),
        (pickle.dumps(Evil(), protocol=2), "a pickle"),
        (zipped(**{"a/data.pkl": b"x"}), "a/data.pkl: a pickle by its name"),
        (zipped(inner=MODERN), "inner: a pickle"),
        (zipped(inner=zipped(deeper=MODERN)), "inner: deeper: a pickle"),
        (tarred(MODERN), "data: a pickle"),
        (gzip.compress(MODERN, mtime=0), "compressed: a pickle"),
        (bz2.compress(MODERN), "compressed: a pickle"),
        (lzma.compress(MODERN), "compressed: a pickle"),
        (zlib.compress(MODERN), "compressed: a pickle"),
        (gzip.compress(tarred(MODERN), mtime=0), "compressed: data: a pickle"),
        (b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False}", "a NumPy array of objects"),
    ],
    ids=in_order,
)
def test_pickles_are_found_however_they_are_wrapped(content: bytes, found: str) -> None:
    assert pickles.find_pickle(io.BytesIO(content)) == found


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello world, this is text.\n",
        b"one\ntwo\n",
        b"import os\nimport sys\n",
        b"cat\ndog\nReally.\n",
        b"t.",
        b"Names and numbers.\n",
        b"N.",  # parses as a pickle that does nothing
        b"\x80\x05",  # no STOP
        struct.pack("<Q", 640) + b"{" + b" " * 639,
        pickle.dumps(list(range(200_000)), protocol=0),
        safetensors(w=[2, 2]),
        zipped(a=b"text"),
        tarred(b"text"),
        gzip.compress(b"text", mtime=0),
        b"\x1f\x8bbroken",
        b"\x93NUMPY\x01\x00v\x00{'descr': '<f4'}",
        b'{"a": 1}',
    ],
    ids=in_order,
)
def test_harmless_files_are_clean(content: bytes) -> None:
    assert pickles.find_pickle(io.BytesIO(content)) == ""


def test_what_is_not_read_to_its_end_is_not_called_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    nested = b"text"
    for _ in range(5):
        nested = zipped(inner=nested)
    with pytest.raises(pickles.TooDeep):
        pickles.find_pickle(io.BytesIO(nested))
    with pytest.raises(pickles.TooDeep, match="damaged"):
        pickles.find_pickle(io.BytesIO(b"PK\x03\x04 nothing"))
    with pytest.raises(pickles.TooDeep, match="follows"):
        pickles.find_pickle(io.BytesIO(tarred(b"x")[:512] + b"\xff" * 512))
    monkeypatch.setattr(pickles, "MAX_MEMBERS", 1)
    with pytest.raises(pickles.TooDeep, match="members"):
        pickles.find_pickle(io.BytesIO(zipped(a=b"1", b=b"2")))
    with pytest.raises(pickles.TooDeep, match="members"):
        pickles.find_pickle(io.BytesIO(tarred(b"text")))


def test_the_head_of_a_safetensors_file() -> None:
    content = safetensors(embed=[4, 2], bias=[3])
    header = tensors.read_header(io.BytesIO(content), len(content))
    assert header["parameters"] == 11
    assert header["tensors"] == {"embed": [4, 2], "bias": [3]}
    assert header["dtypes"] == ["F32"]


def head(document: Any) -> bytes:
    text = json.dumps(document).encode()
    return struct.pack("<Q", len(text)) + text


@pytest.mark.parametrize(
    "content",
    [
        b"short",
        struct.pack("<Q", 1 << 40) + b"{}",
        struct.pack("<Q", 4) + b"nope",
        head([]),
        head({"w": {"shape": [2]}}),
        head({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}),
        head({"w": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 0]}}),
    ],
    ids=in_order,
)
def test_a_broken_head_is_refused(content: bytes) -> None:
    with pytest.raises(tensors.BadTensors):
        tensors.read_header(io.BytesIO(content), len(content))


def test_licences_are_written_as_spdx_writes_them() -> None:
    assert licences.canonical(" apache-2.0") == "Apache-2.0"
    assert licences.canonical("mit or cc-by-4.0") == "MIT OR CC-BY-4.0"
    assert [licences.canonical(text) for text in ("", "my own", "LicenseRef-x", "MIT AND")] == ["", "", "", ""]
    assert all(licences.canonical(name) == name for name in licences.COMMON)


def test_expressions_fall_into_alternatives() -> None:
    assert licences.alternatives("MIT OR GPL-3.0-only WITH Classpath-exception-2.0 AND ISC") == [
        ["MIT"],
        ["GPL-3.0-only", "ISC"],
    ]
    assert licences.alternatives("MIT AND (ISC OR Zlib)") == [["MIT", "ISC", "Zlib"]]


def test_front_matter_and_body() -> None:
    front, body = cards.split("---\nlicense: mit\ntags: [a]\nwhen: 2026-01-01\n---\n\n# T\n")
    assert (front, body) == ({"license": "mit", "tags": ["a"], "when": "2026-01-01"}, "\n# T\n")
    assert cards.split("# T\n") == ({}, "# T\n")
    assert cards.split("---\n---\nx") == ({}, "x")
    assert cards.split(cards.join({"a": "é"}, "# T"))[0] == {"a": "é"}
    assert cards.join({}, "x") == "x"


@pytest.mark.parametrize(
    "front",
    ["a: [", "- a\n- b", "a: &x 1\nb: *x", "a: !!python/object:os.system x", "a:" + " [" * 30 + "]" * 30, "a: \x00"],
)
def test_front_matter_that_is_no_plain_mapping_is_refused(front: str) -> None:
    with pytest.raises(cards.BadCard):
        cards.split(f"---\n{front}\n---\nbody")


def test_front_matter_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "MAX_FRONT_BYTES", 10)
    with pytest.raises(cards.BadCard, match="longer"):
        cards.split("---\na: bbbbbbbbbbbbbbbbbb\n---\n")


def test_sentences_are_found_however_they_are_wrapped() -> None:
    text = "> Trained with\n> **compute** lent by\n> the Open_TPU Programme.\n"
    assert cards.has_sentence(text, "Trained with compute lent by the Open TPU programme.")
    assert not cards.has_sentence(text, "Trained with compute given by")
    added = cards.with_sentences("# T", ["One  sentence.", "# T"], "Thanks")
    assert added == "# T\n\n## Thanks\n\n> One sentence.\n"
    assert cards.with_sentences(added, ["One sentence."], "Thanks") == added


SENTENCE = "Trained on lent hours."
PLACES = {
    "no heading": ("# T\n\nWords.\n", "# T\n\nWords.\n\n## Acknowledgements\n\n> {}\n"),
    "a card without a word": ("", "\n\n## Acknowledgements\n\n> {}\n"),
    "nothing under it": ("# T\n\n## Acknowledgements\n", "# T\n\n## Acknowledgements\n\n> {}\n"),
    "nothing but blank lines": (
        "## Acknowledgements\n\n\n## Limits\n\nNo.\n",
        "## Acknowledgements\n\n> {}\n\n## Limits\n\nNo.\n",
    ),
    "something under it": ("## Acknowledgements\n\nWe thank Ada.\n", "## Acknowledgements\n\nWe thank Ada.\n\n> {}\n"),
    "parts under it": (
        "# Acknowledgements\nAll.\n## Money\nNone.\n",
        "# Acknowledgements\nAll.\n\n> {}\n\n## Money\nNone.\n",
    ),
    "another spelling": ("### ACKNOWLEDGMENT: ###\n", "### ACKNOWLEDGMENT: ###\n\n> {}\n"),
    "an underlined heading": (
        "T\n=\n\nAcknowledgements\n---\n\nEnd\n===\n",
        "T\n=\n\nAcknowledgements\n---\n\n> {}\n\nEnd\n===\n",
    ),
    "only in code": (
        "````sh\n```\n# Acknowledgements\n````\n",
        "````sh\n```\n# Acknowledgements\n````\n\n## Acknowledgements\n\n> {}\n",
    ),
    "code that never ends": (
        "~~~\n# Acknowledgements",
        "~~~\n# Acknowledgements\n~~~\n\n## Acknowledgements\n\n> {}\n",
    ),
    "only for machines": (
        "---\n# Acknowledgements\nnote: Trained on lent hours.\n---\n# T\n",
        "---\n# Acknowledgements\nnote: Trained on lent hours.\n---\n# T\n\n## Acknowledgements\n\n> {}\n",
    ),
    "lines of another system": ("# T\r\n\r\n## Acknowledgements\r\n", "# T\r\n\r\n## Acknowledgements\n\n> {}\n"),
}


@pytest.mark.parametrize("place", PLACES)
def test_sentences_stand_under_the_heading_that_is_there(place: str) -> None:
    card, wanted = PLACES[place]
    found = cards.with_sentences(card, [SENTENCE], "Acknowledgements")
    assert found == wanted.format(SENTENCE)
    assert cards.has_sentence(cards.split(found)[1], SENTENCE)
    assert cards.with_sentences(found, [SENTENCE], "Acknowledgements") == found


def test_first_paragraph_and_front() -> None:
    assert cards.first_paragraph("# T\n\n| a |\n\nA [link](x) and `code`.\n\nMore") == "A link and code."
    assert cards.first_paragraph("word " * 100, 20) == "word word word…"
    assert cards.first_paragraph("# T") == ""
    assert cards.with_front("x", license="mit", tags=[]) == "---\nlicense: mit\n---\n\nx"


def test_metrics_and_energy() -> None:
    read = metrics.read(
        {
            "values": {"a": {"value": 1, "n": True, "standard_error": float("nan"), "control": 2}},
            "gates": [{"name": "g", "value": None, "limit": 1, "passed": "yes"}],
        }
    )
    assert read.values == [metrics.Value("a", Decimal(1), None, None, "", Decimal(2))]
    assert read.gates == [metrics.Gate("g", None, Decimal(1), False)]
    for bad in (
        [],
        {"values": {"a": {}}},
        {"values": {"a": {"value": "x"}}},
        {"values": {"a": {"value": 1e18}}},
        {"gates": [{}]},
        {"values": [1]},
    ):
        with pytest.raises(metrics.BadMetrics):
            metrics.read(bad)
    odd = metrics.read({"values": {"a": {"value": 1}}, "baselines": {"x": {"a": 2, "b": "?"}, "y": {"a": 3}, "z": 1}})
    assert odd.to_beat(odd.values[0], higher_is_better=True) == 3
    assert odd.to_beat(odd.values[0], higher_is_better=False) == 2
    assert read.to_beat(read.values[0], higher_is_better=False) == 2
    assert metrics.read({"baselines": []}).baselines == {}
    energy = metrics.read_energy(json.loads(ENERGY))
    assert energy == metrics.Energy(400, "constant", "CPU seconds × 10 W")
    assert metrics.read_energy({"total": {"joules": 1, "method": "measured"}}) == metrics.Energy(1, "measured", "")
    for bad in (None, [], {"total": {"joules": None, "method": "x"}}, {"total": 1}):
        assert metrics.read_energy(bad) is None


def test_bibtex() -> None:
    text = bibtex.entry("misc", "k", ["Ada & Co", "B"], {"title": "50 % {x}", "url": "https://a/b_c", "empty": ""})
    assert text == (
        "@misc{k,\n  author = {{Ada \\& Co} and {B}},\n  title = {50 \\% \\{x\\}},\n  url = {https://a/b_c},\n}\n"
    )
    assert bibtex.entry("misc", "k", [], {}) == "@misc{k,\n}\n"
    assert bibtex.key_of("Ada Lovelace", "2026", "A small model") == "lovelace2026small"
    assert bibtex.key_of("", "", "") == "anonymousuntitled"
