"""The experiment notebooks where `nbdev_test`, which runs their defaults, does not see them: another kind of run, and Colab."""
import json
from pathlib import Path

import pandas as pd
import papermill

root = Path(__file__).parents[1]
# What a reader on Colab has and does, put into a notebook's process before its first cell: the module `google.colab`, the answer to what
# is to be installed (which is noted instead), the file that is uploaded, and the folder for downloads.
COLAB = """
import json, shutil, sys, types
from pathlib import Path
def upload(): return {name: Path(name).read_bytes() for name in ["mine.csv"]}
def download(file): shutil.copy(file, "downloads")
def pip(line): Path("installed.json").write_text(json.dumps(line))
def input(question): return "textclf_nb-0.1.0-py3-none-any.whl"
google, colab, files = (types.ModuleType(name) for name in ("google", "google.colab", "google.colab.files"))
colab.files, files.upload, files.download = files, upload, download
sys.modules.update({"google.colab": colab, "google.colab.files": files}); sys.modules.setdefault("google", google)
get_ipython().register_magic_function(pip, "line", "pip")
"""


def executed(name, folder, parameters=None):
    "What a notebook shows when it is executed in a folder, unchanged."
    done = papermill.execute_notebook(str(root / f"experiments/{name}.ipynb"), str(folder / "done.ipynb"), parameters or {},
                                      cwd=str(folder), progress_bar=False, kernel_name="python3")
    outputs = [o for c in done.cells for o in c.get("outputs", [])]
    return "".join(str(o.get("text", "")) + str(o.get("data", {}).get("text/plain", "")) for o in outputs)


def on_colab(folder, monkeypatch):
    "Notebooks executed in this folder are on Colab, for all that they can see."
    startup = folder / "ipython/profile_default/startup"
    startup.mkdir(parents=True)
    (startup / "colab.py").write_text(COLAB)
    (folder / "downloads").mkdir()
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))


def test_the_training_notebook_pretrains(tmp_path):
    shown = executed("train", tmp_path, {"kind": "pretraining"})
    assert "perplexity" in shown and "f1_macro" not in shown


def test_a_table_is_uploaded_on_colab_and_its_classifier_downloaded(tmp_path, monkeypatch):
    on_colab(tmp_path, monkeypatch)
    texts = [("snow and ice, number {}", "cold"), ("sun and sand, number {}", "warm")]
    rows = [(t.format(i), w) for i in range(60) for t, w in texts]
    pd.DataFrame(rows, columns=["words", "weather"]).to_csv(tmp_path / "mine.csv", index=False)
    shown = executed("your_csv", tmp_path, {"minutes": .05})
    assert json.loads((tmp_path / "installed.json").read_text()).endswith("textclf_nb-0.1.0-py3-none-any.whl")
    assert "mine-classifier.zip" in shown and (tmp_path / "downloads/mine-classifier.zip").stat().st_size > 1000
    assert {p.name for p in (tmp_path / "experiments").iterdir()} >= {"finetuning", "baseline", "blend", "comparisons"}
