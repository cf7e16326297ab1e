"""A wheel is enough: what it carries, and that it works in an empty folder, far from the checkout."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from colab import be_colab, executed

root = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    "The wheel, built from a copy of the sources so that nothing is left in the checkout, and installed into a folder of its own."
    pytest.importorskip("setuptools")
    copy, out = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheel")
    for name in ("setup.py", "settings.ini", "README.md"): shutil.copy(root / name, copy)
    for folder in ("textclf_nb", "experiments"):
        shutil.copytree(root / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "pretraining", "finetuning", ".*"))
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", out, copy], check=True, cwd=copy)
    wheel, = out.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", out / "site", wheel], check=True, cwd=out)
    return out / "site"


def test_it_carries_everything_that_the_package_needs(site):
    data = ("textclf_nb/templates/*", "textclf_nb/weights/**/*")
    for pattern in ("textclf_nb/**/*.py", "experiments/*.ipynb", "experiments/suites/*.yaml", *data):
        for file in root.glob(pattern):
            if not file.is_file() or "__pycache__" in file.parts or file.name.startswith("."): continue
            inside = file.relative_to(root)
            if inside.parts[0] == "experiments": inside = "textclf_nb" / inside
            assert (site / inside).is_file(), inside


def test_a_suite_is_found_by_name_in_an_empty_folder(site, tmp_path):
    command = [site / "bin/textclf", "suite", "status", "demo"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(site)})
    assert done.returncode == 0 and "demo-tfidf" in done.stdout, done.stderr[-2000:]


@pytest.mark.long
def test_a_suite_runs_on_colab_from_an_uploaded_wheel(site, tmp_path, monkeypatch):
    "`your_suite` plans, trains, compares, shows and downloads; every process of it takes the package from the wheel."
    monkeypatch.setenv("PYTHONPATH", str(site))
    be_colab(tmp_path, monkeypatch)
    only = {"only": ["demo-tiny-mha", "compare"]}
    shown = executed(site / "textclf_nb/experiments/your_suite.ipynb", tmp_path, only)
    assert "[2/2] demo-tiny: finished" in shown and "flops_per_token" in shown and "<iframe srcdoc=" in shown
    assert (tmp_path / "downloads/demo-tiny-report.zip").stat().st_size > 10_000
    run = json.loads((tmp_path / "experiments/finetuning/demo-tiny-mha/run.json").read_text())
    assert run["status"] == "finished" and run["code"]["commit"] is None, "a commit: the package of the checkout was used"
