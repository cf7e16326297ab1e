"""A classifier in an ONNX runtime: the same logits as here, for any number of texts of any length, through the command."""
import json

import numpy as np
import pytest
import torch
from test_cli import here

from textclf_nb.data.tokenizer import WordPieceTokenizer
from textclf_nb.model.models import ModelConfig, TransformerForSequenceClassification

WHY = "pip install 'textclf-nb[onnx]'"
for library in ("onnx", "onnxscript"): pytest.importorskip(library, reason=WHY)
runtime = pytest.importorskip("onnxruntime", reason=WHY)


@pytest.mark.parametrize("positions", ["rope", "sinusoidal", "learned", "relative"])
def test_the_same_logits(tmp_path, positions):
    tokenizer = WordPieceTokenizer.train(["snow and ice", "sun and sand"] * 9, vocab_size=60, min_frequency=1)
    architecture = {"vocab_size": tokenizer.vocab_size, "embedding_dim": 16, "mlp_size": 32, "num_layers": 2, "max_sequence_length": 24,
        "pos_encoding": positions, "attention": {"num_heads": 2}}
    config = ModelConfig(architecture=architecture, classification_head={"num_labels": 2})
    model = TransformerForSequenceClassification(config).eval()
    with torch.no_grad():
        for p in model.parameters(): p.normal_(std=.4, generator=torch.Generator().manual_seed(p.numel()))
    model.save_pretrained(tmp_path / "model"); tokenizer.save(tmp_path / "model")
    facts = {"label_names": ["cold", "warm"], "max_length": 24, "truncation": "head", "windows": None}
    (tmp_path / "model/use.json").write_text(json.dumps(facts))
    assert "written" in here(tmp_path, "export", "onnx", "model", "out")
    session = runtime.InferenceSession(tmp_path / "out/model.onnx")
    assert json.loads(session.get_modelmeta().custom_metadata_map["labels"]) == ["cold", "warm"]
    rng = np.random.default_rng(0)
    for B, N in ((1, 2), (1, 24), (3, 17), (40, 24)):
        ids, mask = rng.integers(5, tokenizer.vocab_size, (B, N)), np.ones((B, N), dtype=np.int64)
        mask[B // 2:, N - N // 3:] = 0
        theirs, = session.run(None, {"input_ids": ids, "attention_mask": mask})
        with torch.no_grad(): ours = model(torch.from_numpy(ids), torch.from_numpy(mask)).logits.numpy()
        assert np.abs(ours).max() > .1 and np.abs(ours - theirs).max() < 1e-4, (B, N)
