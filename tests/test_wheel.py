"""A wheel is enough: what it carries, and that it works in an empty folder, far from the checkout."""
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

root = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    "The wheel, built from a copy of the sources so that nothing is left in the checkout, and unpacked."
    pytest.importorskip("setuptools")
    copy, out = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheel")
    for name in ("setup.py", "settings.ini", "README.md"): shutil.copy(root / name, copy)
    for folder in ("textclf_nb", "experiments"):
        shutil.copytree(root / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "pretraining", "finetuning", ".*"))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", out, copy]
    subprocess.run(list(map(str, command)), check=True, cwd=copy)
    wheel, = out.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(out / "site")
    return out / "site"


def test_it_carries_everything_that_the_package_needs(unpacked):
    data = ("textclf_nb/templates/*", "textclf_nb/weights/**/*")
    for pattern in ("textclf_nb/**/*.py", "experiments/*.ipynb", "experiments/suites/*.yaml", *data):
        for file in root.glob(pattern):
            if not file.is_file() or "__pycache__" in file.parts or file.name.startswith("."): continue
            inside = file.relative_to(root)
            if inside.parts[0] == "experiments": inside = "textclf_nb" / inside
            assert (unpacked / inside).is_file(), inside


def test_a_suite_is_found_by_name_in_an_empty_folder(unpacked, tmp_path):
    code = "import sys, textclf_nb.use.cli as cli; sys.argv = ['textclf', 'suite', 'status', 'demo']; print(cli.__file__); cli.main()"
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    where, *listed = done.stdout.splitlines()
    assert Path(where).is_relative_to(unpacked) and any("demo-tfidf" in line for line in listed)
