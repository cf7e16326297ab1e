"""The experiment notebooks where `nbdev_test`, which runs their defaults, does not see them: another kind of run, and Colab."""
import json
from pathlib import Path

import pandas as pd
from colab import be_colab, executed

experiments = Path(__file__).parents[1] / "experiments"


def test_the_training_notebook_pretrains(tmp_path):
    shown = executed(experiments / "train.ipynb", tmp_path, {"kind": "pretraining"})
    measured = shown.split("```")[-1]   # after the settings, whose comments name both
    assert "perplexity" in measured and "f1_macro" not in measured


def test_a_table_is_uploaded_on_colab_and_its_classifier_downloaded(tmp_path, monkeypatch):
    be_colab(tmp_path, monkeypatch)
    texts = [("snow and ice, number {}", "cold"), ("à la plage, number {}", "warm")]
    rows = [(t.format(i), w) for i in range(60) for t, w in texts]
    pd.DataFrame(rows, columns=["words", "weather"]).to_csv(tmp_path / "mine (1).csv", index=False, encoding="cp1252")
    shown = executed(experiments / "your_csv.ipynb", tmp_path, {"minutes": .05, "encoding": "cp1252"})
    assert json.loads((tmp_path / "installed.json").read_text()) == "install -q 'fastcore<2' textclf_nb-0.1.0-py3-none-any.whl"
    assert "mine-1-classifier.zip" in shown and (tmp_path / "downloads/mine-1-classifier.zip").stat().st_size > 1000
    assert {p.name for p in (tmp_path / "experiments").iterdir()} >= {"finetuning", "baseline", "blend", "comparisons"}
