"""What leaves for Hugging Face's Hub, with a local folder in the Hub's place: nothing here has a network."""
import json
from types import SimpleNamespace

import pytest
import torch
from transformers import AutoModelForSequenceClassification
from transformers.utils import hub

from textclf_nb.use.hf_models import TextclfConfig, TextclfForSequenceClassification

SIZES = {"vocab_size": 50, "embedding_dim": 16, "num_layers": 1, "mlp_size": 16, "attention": {"num_heads": 2, "kind": "lsh"}}


@pytest.fixture
def model():
    config = TextclfConfig(architecture=SIZES, id2label={0: "cold", 1: "warm"}, label2id={"cold": 0, "warm": 1})
    return TextclfForSequenceClassification(config).eval()


class Folder:
    "The two calls of the Hub's interface that pushing needs, on a folder."
    def __init__(self, path): self.path = path

    def create_repo(self, repo_id, **options):
        (self.path / repo_id).mkdir(parents=True)
        return SimpleNamespace(repo_id=repo_id)

    def create_commit(self, repo_id, operations, **options):
        for op in operations:
            with op.as_file() as content: (self.path / repo_id / op.path_in_repo).write_bytes(content.read())


def test_what_is_pushed_loads_again(model, tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "hf_api", lambda: Folder(tmp_path))
    model.push_to_hub("somebody/warm")
    pushed = tmp_path / "somebody" / "warm"
    assert {"config.json", "model.safetensors"} <= {p.name for p in pushed.iterdir()}
    ids = torch.randint(5, 50, (2, 9))
    loaded = AutoModelForSequenceClassification.from_pretrained(pushed)
    assert torch.equal(loaded(ids).logits, model(ids).logits)   # lsh hashes as the pushed one did
    assert loaded.config.id2label == {0: "cold", 1: "warm"}


def test_a_config_with_an_unknown_key_is_told_with_its_place(model, tmp_path):
    model.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["architecture"]["colour"] = "red"
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="colour"): AutoModelForSequenceClassification.from_pretrained(tmp_path)


def test_a_directory_without_weights_is_named(model, tmp_path):
    model.save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(OSError, match="model.safetensors"): AutoModelForSequenceClassification.from_pretrained(tmp_path)
