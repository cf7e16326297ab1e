"""What the chapter on batches cannot show: worker processes, arbitrary lengths, files made elsewhere."""
import numpy as np
import pytest
import torch
from datasets import Dataset, DatasetDict
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import TensorDataset

from textclf_nb.attention import available_attention
from textclf_nb.core import UserError
from textclf_nb.data.batches import bucketed, make_loader, mask_tokens, tokenize_corpus, window_lengths
from textclf_nb.data.corpora import Corpus, DataConfig, load_corpus
from textclf_nb.data.tokenizer import WindowConfig, WordPieceTokenizer
from textclf_nb.model.models import ModelConfig, TransformerForMaskedLM, TransformerForSequenceClassification

TEXTS = [("the cat sat on the mat " * (1 + i % 7)).strip() + f" {i}" for i in range(60)]
tokenizer = WordPieceTokenizer.train(TEXTS, vocab_size=120)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    rows = Dataset.from_dict({"text": TEXTS, "label": [i % 3 for i in range(60)]})
    corpus = Corpus(DatasetDict(train=rows, val=rows, test=rows), list("abc"), {"name": "toy", "hash": "toy"})
    return tokenize_corpus(corpus, tokenizer, 32, tmp_path_factory.mktemp("ids"))["train"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=150), st.integers(1, 9), st.one_of(st.none(), st.integers(1, 400)), st.booleans())
def test_epochs_are_exact_and_budgets_kept(lengths, batch_size, max_tokens, shuffle):
    lengths = np.array(lengths)
    batches = bucketed(lengths, batch_size, np.random.default_rng(0) if shuffle else None, max_tokens, together=3)
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    for b in batches:
        assert 1 <= len(b) <= batch_size
        assert max_tokens is None or len(b) == 1 or len(b) * lengths[b].max() <= max_tokens


def test_worker_processes_change_nothing(data):
    alone, helped = (list(make_loader(data, tokenizer, 8, "pretraining", shuffle=True, seed=3, num_workers=n)) for n in (0, 2))
    assert len(alone) == len(helped) == 8
    for a, b in zip(alone, helped):
        for k in a: assert torch.equal(a[k], b[k])


def test_nothing_global_is_drawn_from(data):
    torch.manual_seed(0)
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    list(make_loader(data, tokenizer, 8, "pretraining", shuffle=True))
    assert torch.equal(before, torch.get_rng_state()) and (numpy_before == np.random.get_state()[1]).all()


def test_a_run_goes_on_with_the_same_masks(data):
    loader = make_loader(data, tokenizer, 8, "pretraining", shuffle=True, seed=5)
    loader.set_epoch(2)
    full = list(loader)
    fresh = make_loader(data, tokenizer, 8, "pretraining", shuffle=True, seed=5)
    fresh.set_epoch(2, start=3)
    rest = list(fresh)
    assert len(rest) == 5 and all(torch.equal(a[k], b[k]) for a, b in zip(full[3:], rest) for k in a)
    other = list(make_loader(data, tokenizer, 8, "pretraining", shuffle=True, seed=6))
    assert any(a["input_ids"].shape != b["input_ids"].shape or not torch.equal(a["input_ids"], b["input_ids"]) for a, b in zip(full, other))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 100), min_size=1, max_size=30), st.integers(1, 20))
def test_windows_are_full_but_the_last(lengths, window):
    sizes, row = window_lengths(np.array(lengths), window)
    for i, n in enumerate(lengths):
        own = sizes[row == i]
        assert own.sum() == n and (own[:-1] == window).all() and 1 <= own[-1] <= window


def test_a_text_in_windows_trains_like_its_windows_averaged(tmp_path):
    rows = Dataset.from_dict({"text": [" ".join(TEXTS[i:i + 5]) for i in range(20)], "label": [i % 2 for i in range(20)]})
    corpus = Corpus(DatasetDict(train=rows, val=rows, test=rows), list("ab"), {"name": "toy", "hash": "windows"})
    ids = tokenize_corpus(corpus, tokenizer, 16, tmp_path, windows=WindowConfig(overlap=4))["train"]
    batch = next(iter(make_loader(ids, tokenizer, 5, window=16)))
    sizes = dict(vocab_size=tokenizer.vocab_size, embedding_dim=16, num_layers=1, mlp_size=32, max_sequence_length=16)
    model = TransformerForSequenceClassification(ModelConfig(architecture=sizes | {"attention": {"num_heads": 2}})).eval()
    out = model(**batch)
    assert out.logits.shape == (5, 2) and len(batch["window_of"]) > 10
    own = [batch["window_of"] == i for i in range(5)]
    alone = [model(batch["input_ids"][i], batch["attention_mask"][i]).logits.mean(0) for i in own]
    torch.testing.assert_close(out.logits, torch.stack(alone), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(out.loss, torch.nn.functional.cross_entropy(torch.stack(alone), batch["labels"]))


@pytest.mark.parametrize("kind", available_attention())
def test_a_document_of_16384_tokens_through_each_mechanism(kind, tmp_path):
    "From text on disk to gradients, for both tasks; nothing is cut."
    text = " ".join(TEXTS * 40)
    rows = Dataset.from_dict({"text": [text, "short"], "label": [0, 1]})
    corpus = Corpus(DatasetDict(train=rows, val=rows, test=rows), list("ab"), {"name": "toy", "hash": "long"})
    ids = tokenize_corpus(corpus, tokenizer, 16_384, tmp_path)["train"]
    assert ids["length"][0] == 16_384
    sizes = dict(vocab_size=tokenizer.vocab_size, embedding_dim=16, num_layers=1, mlp_size=16, max_sequence_length=16_384,
                 attention={"num_heads": 1, "kind": kind, "linformer": {"max_length": 16_384}})   # its one limit
    for model, task in ((TransformerForSequenceClassification, "finetuning"), (TransformerForMaskedLM, "pretraining")):
        batch = next(iter(make_loader(ids, tokenizer, 2, task, max_tokens=16_384)))
        assert batch["input_ids"].shape == (1, 16_384)
        m = model(ModelConfig(architecture=sizes))
        m(**batch).loss.backward()
        assert all(p.grad.isfinite().all() for p in m.parameters())


def test_masking_shares_and_only_special_tokens():
    ids = torch.full((200, 50), 50)
    for p in (0.15, 0.4):
        masked, labels = mask_tokens(ids, tokenizer, torch.Generator().manual_seed(0), p, 1.0, 0.0)
        n = int((labels >= 0).sum())
        assert abs(n / 1e4 - p) < 4 * (p * (1 - p) / 1e4) ** 0.5 and (masked[labels >= 0] == tokenizer.mask_id).all()
    _, labels = mask_tokens(torch.tensor([[2, 3, 0]]), tokenizer, torch.Generator().manual_seed(0))
    assert (labels == -100).all()


def test_files_of_the_thesis_become_batches(tmp_path):
    ids = torch.zeros(40, 16, dtype=torch.long)
    for i, row in enumerate(ids): row[: 4 + i % 5] = torch.tensor([2, *[10 + i % 30] * (2 + i % 5), 3])
    for n in ("train", "val", "test"): torch.save(TensorDataset(ids, ids == 0, torch.arange(40) % 2), tmp_path / f"{n}.pt")
    config = DataConfig.parse({n: {"dataset_path": str(tmp_path / f"{n}.pt")} for n in ("train", "val", "test")})
    corpus = load_corpus(config)
    data = tokenize_corpus(corpus, tokenizer, 8, tmp_path / "ids")
    batch = next(iter(make_loader(data["test"], tokenizer, 5)))
    assert batch["input_ids"].shape == (5, 8) and batch["attention_mask"].sum(1).tolist() == [4, 5, 6, 7, 8]
    assert batch["labels"].tolist() == [0, 1, 0, 1, 0] and corpus.label_names == ["0", "1"]
    torch.save(TensorDataset(ids + 1000, ids == 0), tmp_path / "train.pt")
    foreign = load_corpus(tmp_path / "train.pt")
    with pytest.raises(UserError, match="made with another tokenizer"): tokenize_corpus(foreign, tokenizer, 8, tmp_path / "ids")


def test_a_full_disk_leaves_no_ids(tmp_path, monkeypatch):
    rows = Dataset.from_dict({"text": TEXTS, "label": [0] * 60})
    corpus = Corpus(DatasetDict(train=rows, val=rows, test=rows), [], {"name": "toy", "hash": "other"})
    def full(*args): raise OSError(28, "No space left on device")
    monkeypatch.setattr("textclf_nb.data.batches.write_rows", full)
    with pytest.raises(UserError, match="No space left on device"): tokenize_corpus(corpus, tokenizer, 32, tmp_path / "ids")
    assert not [f for f in (tmp_path / "ids").iterdir() if f.is_dir()]
    monkeypatch.undo()
    assert tokenize_corpus(corpus, tokenizer, 32, tmp_path / "ids")["train"].num_rows == 60
