"""Notebooks executed through papermill, and what a reader on Colab has and does, so that they can be executed as there."""
import papermill

# Put into a notebook's process before its first cell: the module `google.colab`, the answer to what is to be installed (which is
# noted instead), the file that is uploaded, the folder for downloads.
STAND_INS = """
import json, shutil, sys, types
from pathlib import Path
def upload(): return {"mine (1).csv": Path("mine (1).csv").read_bytes()}
def download(file): shutil.copy(file, "downloads")
def pip(line): Path("installed.json").write_text(json.dumps(line))
def input(question): return "textclf_nb-0.1.0-py3-none-any.whl"
google, colab, files = (types.ModuleType(name) for name in ("google", "google.colab", "google.colab.files"))
colab.files, files.upload, files.download = files, upload, download
sys.modules.update({"google.colab": colab, "google.colab.files": files}); sys.modules.setdefault("google", google)
get_ipython().register_magic_function(pip, "line", "pip")
"""


def be_colab(folder, monkeypatch):
    "From now on, notebooks find what they would find on Colab."
    startup = folder / "ipython/profile_default/startup"
    startup.mkdir(parents=True)
    (startup / "colab.py").write_text(STAND_INS)
    (folder / "downloads").mkdir()
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))


def executed(notebook, folder, parameters):
    "What a notebook shows when it is executed in a folder, unchanged."
    done = papermill.execute_notebook(str(notebook), str(folder / "done.ipynb"), parameters, cwd=str(folder), progress_bar=False,
                                      kernel_name="python3")
    outputs = [o for c in done.cells for o in c.get("outputs", [])]
    return "".join(str(o.get("text", "")) + "".join(str(t) for m, t in o.get("data", {}).items() if "text" in m) for o in outputs)
