"""What the chapter on tokenizers cannot show: arbitrary text, other processes, BERT's own vocabulary."""
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textclf_nb.core import UserError
from textclf_nb.data.tokenizer import TRUNCATIONS, WindowConfig, WordPieceTokenizer, cut, encode_long, slide

TEXTS = ["The quick brown fox jumps over the lazy dog.", "A naïve café, déjà vu; 3.14 and don't!", "import numpy_like as n2 # (code)"] * 10
tokenizer = WordPieceTokenizer.train(TEXTS, vocab_size=300, min_frequency=1)
any_text = st.text(st.characters())  # surrogates among them
words = st.lists(st.sampled_from(["fox", "café", "…", "x" * 120, "\u0301", "\x1c", "字", "[MASK]", "don't", "3.14"]), max_size=400)


@settings(max_examples=300, deadline=None)
@given(any_text, st.one_of(st.none(), st.integers(3, 40)), st.sampled_from(TRUNCATIONS))
def test_encode_never_raises_and_ids_are_in_the_vocabulary(text, max_length, truncation):
    (ids,) = tokenizer.encode(text, max_length, truncation)
    assert ids[0] == tokenizer.cls_id and ids[-1] == tokenizer.sep_id
    assert all(0 <= i < tokenizer.vocab_size for i in ids)
    assert max_length is None or len(ids) <= max_length
    assert isinstance(tokenizer.decode(ids), str)


@settings(max_examples=100, deadline=None)
@given(words, st.integers(3, 12), st.sampled_from(TRUNCATIONS), st.sampled_from(["", " "]))
def test_reading_only_the_ends_of_a_long_text_changes_nothing(parts, max_length, truncation, glue):
    text = glue.join(parts * 8)
    assert encode_long(tokenizer.backend, text, max_length, truncation) == cut(tokenizer.backend.encode(text).ids, max_length, truncation)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 200), st.integers(4, 20), st.integers(0, 16), st.integers(1, 6), st.sampled_from(TRUNCATIONS))
def test_windows_hold_the_text_once_but_for_the_overlap(size, max_length, overlap, most, truncation):
    windows, ids = WindowConfig(overlap=overlap, max_windows=most), [0, *range(2, size + 2), 1]
    if overlap > max_length - 3:
        with pytest.raises(UserError, match="leaves nothing new"): windows.step(max_length)
        return
    row = slide(ids, max_length, windows, truncation)
    parts = [row[i:i + max_length] for i in range(0, len(row), max_length)]
    assert len(parts) <= most and all(p[0] == 0 and p[-1] == 1 for p in parts) and all(len(p) == max_length for p in parts[:-1])
    assert all(a[-1 - overlap:-1] == b[1:1 + overlap] for a, b in zip(parts, parts[1:]))
    text = parts[0][1:-1] + [x for p in parts[1:] for x in p[1 + overlap:-1]]
    assert text == cut(ids, windows.capacity(max_length), truncation)[1:-1]


@settings(max_examples=50, deadline=None)
@given(words, st.integers(5, 12), st.sampled_from(TRUNCATIONS))
def test_windows_of_a_very_long_text_are_those_of_the_whole(parts, max_length, truncation):
    text, windows = " ".join(parts * 8), WindowConfig(overlap=2, max_windows=3)
    (row,) = tokenizer.encode(text, max_length, truncation, windows=windows)
    assert row == slide(tokenizer.backend.encode(text).ids, max_length, windows, truncation)


def test_a_single_line_of_ten_megabytes():
    (ids,) = tokenizer.encode(["the lazy dog " * 800_000], 128)
    assert len(ids) == 128


def test_no_text_and_no_files(tmp_path):
    for nothing in ([], ["", "  "]):
        with pytest.raises(UserError, match="no text to train"): WordPieceTokenizer.train(nothing)
    with pytest.raises(UserError, match=r"no tokenizer\.json or vocab\.txt"): WordPieceTokenizer.load(tmp_path / "nowhere")
    (tmp_path / "vocab.txt").write_bytes(b"[PAD]\n\xff\n")
    with pytest.raises(UserError, match="not UTF-8 at byte 6"): WordPieceTokenizer.load(tmp_path)
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\nword\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"lacks \[CLS\] \[SEP\] \[MASK\]"): WordPieceTokenizer.load(tmp_path)


def test_bert_vocabulary_where_there_is_one():
    vocab = Path(os.environ.get("TEXTCLF_DATA") or os.devnull) / "bert_vocab" / "vocab.txt"
    if not vocab.is_file(): pytest.skip("TEXTCLF_DATA has no bert_vocab/vocab.txt")
    bert = WordPieceTokenizer.load(vocab)
    assert bert.encode("hello world") == [[101, 7592, 2088, 102]]
    assert (bert.vocab_size, bert.special_ids) == (30522, [0, 100, 101, 102, 103])
