"""Kept tables have the columns that today's code writes."""
import json
import re
import shlex
import subprocess
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from textclf_nb.lab.answers import bench_answers, untaught
from textclf_nb.lab.cost import bench_attention, bench_error, bench_model
from textclf_nb.lab.exchange import bench_adaptation, bench_context, bench_exchange, exchange_settings, word_lesson
from textclf_nb.lab.lengths import bench_lengths
from textclf_nb.lab.report import compare
from textclf_nb.lab.verdicts import made_up_study
from textclf_nb.model.encoder import EncoderConfig
from textclf_nb.training.pretrained import packaged
from textclf_nb.use.cli import app

ROOT = Path(__file__).parents[1]
ERRORS = {"lost_se", "lost_before_se", "lost_after_se"}
WITHOUT = {"exchange_wiki-mini", "adapt_favor", "adapt_imdb-exact", "adapt_modules-1024", "adapt_wiki-mini"}   # older than they are
KEPT = sorted((ROOT / "experiments/results").glob("*.csv"))

def git(*words):
    "What git says about this checkout; None where it fails."
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None

@pytest.fixture(scope="module")
def today(tmp_path_factory):
    "The columns of each kind of table, from the smallest case."
    root = tmp_path_factory.mktemp("study")
    tiny = EncoderConfig(vocab_size=50, embedding_dim=8, num_layers=1, mlp_size=8, attention={"num_heads": 1})
    compare(made_up_study(root), root / "out")
    tables = {"cost_attention": bench_attention([64], H=1, Dh=8, repeats=1, peers=False, memory=False),
        "cost_model": bench_model(tiny, [("mlm", 16, 2)], steps=1, memory=False),
        "cost_length": bench_lengths({}, (16,), tiny, 16, 1, memory=False),
        "error": bench_error([torch.randn(3, 1, 1, 16, 8).unbind()], (8,), draws=1, repeats=1, peers=False),
        "exchange": bench_exchange(lambda *_: np.ones(1), exchange_settings((8,))[:1], 16, "nats"),
        "adapt": bench_adaptation(word_lesson(packaged("wiki-mini"), list(topics.values()), 8, 8, 1, 1), [], steps=1),
        "context": bench_context("wiki-mini", list(topics.values()), (8, 16), 4, pages=1),
        "answers": bench_answers(untaught("wiki-mini", root / "model"), ["a text"], repeats=1, peers=False),
        "runs": pd.read_csv(root / "out/results.csv")}
    return {name: set(t) for name, t in tables.items()}

@pytest.mark.parametrize("name", ["cost_attention", "cost_model", "cost_length", "error", "exchange", "adapt", "context", "answers"])
def test_a_table_names_its_maker(today, name):
    assert {"version", "commit", "python", "torch", "hardware", "device", "threads"} <= today[name]

@pytest.mark.parametrize("file", KEPT, ids=lambda f: f.name)
def test_a_kept_table_is_todays(today, file):
    columns = set(pd.read_csv(file, nrows=0))
    curve = file.stem.endswith("_validation")   # beside a table of runs
    names = ("cost_attention", "cost_model", "cost_length", "error", "exchange", "adapt", "context", "answers")
    kinds = {"far": "error"} | {k: k for k in names}   # far: chapter 05c's errors
    kind = next((kinds[k] for k in kinds if file.name.startswith(k)), "runs")
    if curve: assert {"commit", "device", "versions"} <= columns
    # memory may be left out
    elif kind != "runs": assert columns - {"peak_mib"} == today[kind] - (ERRORS if file.stem in WITHOUT else set())
    else:   # metrics and settings differ by task, and who only guesses words is not ranked
        guesses = set(pd.read_csv(file).kind) == {"pretraining"}
        left_out = r"config\.|rank|cost_rank|on_front|twin|vs_" if guesses else r"config\."
        assert {c for c in today[kind] if not re.match(left_out, c)} <= columns


@pytest.mark.skipif(git("rev-parse", "--is-shallow-repository") != "false", reason="no whole history here")
@pytest.mark.parametrize("file", KEPT, ids=lambda f: f.name)
def test_the_commit_of_a_kept_table_is_in_the_history(file):
    made = pd.read_csv(file, usecols=lambda c: c == "commit").commit.dropna().unique()
    lost = [c for c in made if git("merge-base", "--is-ancestor", c, "HEAD") is None]
    assert not lost, f"{file.name} names commits that nobody can check out: {lost}"


def test_the_table_of_chapter_05c_is_made_by_the_command_that_it_prints(tmp_path):
    cells = json.loads((ROOT / "nbs/1_attention/05c_near_far.ipynb").read_text())["cells"]
    block, = re.findall(r"```bash\ntextclf (.*?)\n```", "\n".join("".join(c["source"]) for c in cells), re.DOTALL)
    pd.DataFrame({"text": list(topics.values())}).to_csv(tmp_path / "articles.csv", index=False)
    words = shlex.split(block.replace("\\\n", " "))
    small = {"articles.parquet": tmp_path / "articles.csv", "128": 32, "512": 48, "2048": 64, "4096": 48, "far": tmp_path}
    words = [str(small.get(w, w)) for w in words] + ["--repeats", "1", "--draws", "1"]
    made = CliRunner().invoke(app, words, catch_exceptions=False)
    assert made.exit_code == 0 and (tmp_path / "error_wiki-mini.svg").exists()
    by, kept = ["contender", "setting", "layer"], pd.read_csv(ROOT / "experiments/results/far_wiki-mini.csv")
    table = pd.read_csv(tmp_path / "error_wiki-mini.csv")
    assert table.N.unique().tolist() == [32, 48, 64] and table[by].equals(kept[by])
