"""The training notebook in the kind that `nbdev_test`, which runs its default, does not see."""
from pathlib import Path

import papermill

root = Path(__file__).parents[1]


def test_the_training_notebook_pretrains(tmp_path):
    done = papermill.execute_notebook(str(root / "experiments/train.ipynb"), str(tmp_path / "done.ipynb"), {"kind": "pretraining"},
                                      cwd=str(tmp_path), progress_bar=False, kernel_name="python3")
    shown = "".join(str(o.get("data", {}).get("text/plain", "")) for c in done.cells for o in c.get("outputs", []))
    assert "perplexity" in shown and "f1_macro" not in shown
