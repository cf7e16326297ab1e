"""Backbones that cannot be: what a user is told, and what is left behind; and one that is interrupted."""
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertModel

from textclf_nb.core import UserError, merged
from textclf_nb.data.tokenizer import WordPieceTokenizer
from textclf_nb.lab import runs
from textclf_nb.lab.runs import Classifier, new_config, new_experiment, run_experiment
from textclf_nb.training.checkpoints import load_checkpoint
from textclf_nb.training.tracking import read_run

TEXTS = [f"{word} {number} is a {word} thing" for number in range(30) for word in ("red", "blue")]
SIZES = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16, max_position_embeddings=32)


@pytest.fixture
def place(tmp_path):
    "A table, and the directory of a BERT with its tokenizer."
    pd.DataFrame({"text": TEXTS, "label": ["warm", "cold"] * 30}).to_csv(tmp_path / "t.csv", index=False)
    words = WordPieceTokenizer.train(TEXTS, vocab_size=100)
    torch.manual_seed(0)
    BertModel(BertConfig(**SIZES, vocab_size=words.vocab_size)).save_pretrained(tmp_path / "bert")
    words.save(tmp_path / "bert")
    return tmp_path


def settings(place, *more):
    tree = {"data": {"corpus": str(place / "t.csv")}, "tokenizer": {"max_length": 16}, "logging": {"use_wandb": False},
            "architecture": {"backbone": {"name": str(place / "bert")}}, "training": {"epochs": 2, "batch_size": 8}}
    for part in more: tree = merged(tree, part)
    return tree


def trained(place, *more, name="x"):
    run = new_experiment("finetuning", name, place, settings=settings(place, *more))
    run_experiment(run)
    return run


def test_a_missing_tokenizer_is_named(place):
    for file in ("tokenizer.json", "vocab.txt"): (place / "bert" / file).unlink()
    with pytest.raises(UserError, match="no tokenizer.json or vocab.txt"): trained(place)


def test_missing_weights_are_named_and_the_run_counts_as_failed(place):
    (place / "bert" / "model.safetensors").unlink()
    with pytest.raises(UserError, match="no weights"): trained(place)
    assert read_run(place / "finetuning" / "x")["status"] == "failed"


@pytest.mark.parametrize("part, told", [
    ({"tokenizer": {"max_length": 40}}, "reads 32 at most"), ({"architecture": {"num_layers": 3}}, "num_layers comes from the backbone"),
    ({"architecture": {"backbone": {"freeze": 5}}}, "has 2 layers"), ({"training": {"compile": True}}, "training.compile"),
    ({"architecture": {"backbone": {"name": "nobody/nothing"}}}, "not to be had from the Hub")])
def test_what_does_not_go_together_is_told(place, part, told):
    with pytest.raises(UserError, match=told): trained(place, part)


def test_it_is_not_pretrained(place):
    with pytest.raises(UserError, match="fine-tune it"): new_config("pretraining", "x", place, settings=settings(place))


def test_a_run_needs_its_backbone_no_more_when_it_is_done(place):
    run = trained(place, {"tokenizer": {"max_length": 6, "windows": {"overlap": 1}}})
    before = Classifier(run).probabilities(TEXTS[:4])
    (place / "bert").rename(place / "gone")
    assert torch.equal(Classifier(run).probabilities(TEXTS[:4]), before)


def test_resumed_it_does_not_read_the_backbone_again(place, monkeypatch):
    "A disk that fills up behind the last checkpoint; meanwhile the backbone is gone."
    def full(*given): raise OSError(28, "No space left on device")
    with monkeypatch.context() as fault, pytest.raises(OSError):
        fault.setattr(runs, "save_for_use", full)
        trained(place)
    learnt = load_checkpoint(place / "finetuning" / "x" / "checkpoints" / "best-model.ckpt")["model"]
    (place / "bert" / "model.safetensors").unlink()
    run_experiment(place / "finetuning" / "x", resume=True)
    kept = load_file(place / "finetuning" / "x" / "model" / "model.safetensors")
    assert all(torch.equal(kept[name], learnt[name]) for name in kept if name.startswith("encoder."))   # calibration scales the head


def test_trained_for_longer_it_starts_from_the_run_and_not_from_the_backbone(place):
    run = trained(place)
    (place / "bert" / "model.safetensors").unlink()
    more = new_experiment("finetuning", "y", place, settings={"training": {"epochs": 1}}, pretraining="finetuning/x")
    run_experiment(more)
    was, now = read_run(run), read_run(more)
    assert now["started_from"]["name"] == "finetuning/x" and now["cost"]["steps"] == was["cost"]["steps"] // 2
