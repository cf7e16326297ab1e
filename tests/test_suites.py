"""Every shipped suite, planned at both scales, its cost as the page tells it; small ones executed: as by a user, twice, killed, damaged."""
import multiprocessing as mp
import os
import re
import shutil
import sys
import time
from pathlib import Path

import nbformat
import pandas as pd
import psutil
import pytest
import torch
import yaml
from nbformat.v4 import new_code_cell, new_notebook
from test_cli import SMALL, mistake, rows  # noqa: F401

from textclf_nb.core import UserError
from textclf_nb.lab.estimates import example_length, work
from textclf_nb.lab.execution import run_suite
from textclf_nb.lab.runs import from_dotted, load_config, new_experiment, run_experiment
from textclf_nb.lab.suites import plan
from textclf_nb.training.checkpoints import load_checkpoint
from textclf_nb.training.tracking import RunRecord
from textclf_nb.use.cli import main

root = Path(__file__).parents[1]
PATIENCE = 600   # seconds: what hangs is found, a busy machine is not taken for it
PROCESSES = mp.get_context("forkserver")   # a clean process each, without importing torch each time
PROCESSES.set_forkserver_preload(["textclf_nb.lab.execution", "textclf_nb.use.cli"])
SUITES = sorted((root / "experiments/suites").glob("*.yaml"))
TRAININGS = {"thesis": 63, "finetune-search": 40, "hybrid-thesis": 8, "lsh-mask": 2}   # the thesis's own numbers of runs


def trainings(file, scale):
    return [c for c in plan(file, scale=scale) if c.config]


@pytest.mark.parametrize("file", SUITES, ids=lambda p: p.stem)
def test_a_shipped_suite_can_be_planned(file):
    full = trainings(file, None)
    assert len(full) == TRAININGS.get(file.stem, len(full))
    small = trainings(file, "tiny")
    assert {c.stage for c in small} == {c.stage for c in full}
    assert max(example_length(c.config) for c in small) <= 64 and all(c.config.training.epochs == 1 for c in small)
    assert all(c.config.data.corpus in ("docstrings", "needle", "modules", "digits") for c in small), "a tiny suite downloads nothing"


TOLD = {   # PFLOP, on two cores, on an A100, by experiments/README.md
    name: costs for name, *costs in re.findall(r"^\| `([\w-]+)` \|.*\| ([\d.,]+) \| ([\d.,]+ \w+) \|(?: ([\d.,]+ \w+))? \|$",
                                               (root / "experiments/README.md").read_text(encoding="utf-8"), re.M)}
DESCRIBED = ("finetune-search", "hybrid-thesis", "lsh-mask", "wiki-mini", "pictures")   # no text need be read, few models built
READ = ("thesis", "demo", "docstrings", "recipes", "lengths", "modules", "needle")
HOURS = {"y": 8766, "d": 24, "h": 1, "min": 1 / 60}


@pytest.mark.parametrize("name", [*DESCRIBED, *(pytest.param(n, marks=pytest.mark.long) for n in READ)])
def test_the_page_says_what_a_suite_takes(name):
    counted = sum(work(c)["flops"] for c in trainings(root / f"experiments/suites/{name}.yaml", None)) / 1e15
    assert float(TOLD[name][0].replace(",", "")) == pytest.approx(counted, rel=.05), "two digits"


def test_the_page_has_every_suite_and_its_times_follow_from_its_work():
    assert sorted(TOLD) == sorted(f.stem for f in SUITES)
    for pflop, *times in TOLD.values():
        for told, rate in zip(times, (74e9, 14e12), strict=True):
            if not told: assert float(pflop) < 1; continue
            number, unit = told.split()
            assert float(number) * HOURS[unit] == pytest.approx(float(pflop.replace(",", "")) * 1e15 / rate / 3600, rel=.1)


@pytest.mark.parametrize("name", ["thesis", "hybrid-thesis"])
def test_published_numbers_name_runs_of_the_suite(name):
    compared = [c for c in plan(root / f"experiments/suites/{name}.yaml") if c.parameters.get("reference")]
    assert compared
    for cell in compared:
        for source, scores in cell.parameters["reference"].items():
            assert source.startswith("thesis, table ")
            for part in scores: assert [c for c in cell.of if f"-{part}-" in f"-{c.name}-"], (cell.name, part)


def test_a_real_suite_exchanges_attention_adapts_and_fine_tunes(tmp_path, capsys):
    file, given = root / "experiments/suites/stability.yaml", ["seeds=[0]", "data.limit=60",
        'stages.compare.parameters.reference={"thesis, table 4.13": {lsh: 92.78, sdpa: 92.86}}']
    only = ["lsh", "stability-tiny-imdb"]
    first = run_suite(file, tmp_path, scale="tiny", assignments=given, only=only)
    assert list(first.values()) == ["finished"] * 3, first
    assert [Path(d).name for d in first] == ["stability-tiny-adapt-lsh-imdb-512",
                                              "stability-tiny-finetune-lsh-imdb-512-s0", "stability-tiny-imdb"]
    for run in list(first)[:2]: assert load_config(run).architecture.attention.kind == "lsh"
    page = (Path(list(first)[2]) / "report.html").read_text()
    assert "Beside published numbers" in page and '<td class="t">thesis, table 4.13</td>' in page and "92.78" in page
    again = run_suite(file, tmp_path, scale="tiny", assignments=given, only=only)
    assert set(again.values()) == {"finished before"}
    with pytest.raises(UserError, match="training.epochs: 1, now 2"):
        run_suite(file, tmp_path, scale="tiny", assignments=[*given, "training.epochs=2"], only=only)
    capsys.readouterr()


def apart(log, cwd, arguments):
    "In the new process: the command itself; all that is printed goes to a file."
    for stream in (1, 2): os.dup2(os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND), stream)
    os.chdir(cwd)
    sys.argv = ["textclf", "suite", *arguments]
    main()


def suite(cwd, *arguments):
    log = cwd/f"{time.monotonic_ns()}.log"
    process = PROCESSES.Process(target=apart, args=(str(log), str(cwd), arguments))
    process.start()
    return process, log


def ended(process, log):
    process.join(PATIENCE)
    return process.exitcode, log.read_text()


def until(true):
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(.01)


def toy_suite(here):
    "A notebook that trains nothing, and ends when there is a file `go`."
    cells = ['kind = "toys"\nname = ""\nroot = ""',
             "import json, time\nfrom pathlib import Path\nrun = Path(root, kind, name)\nrun.mkdir(parents=True, exist_ok=True)",
             "while not Path('go').exists(): time.sleep(.05)",
             "_ = (run/'run.json').write_text(json.dumps({'status': 'finished'}))"]
    nb = new_notebook(cells=[new_code_cell(cells[0], metadata={"tags": ["parameters"]}), *map(new_code_cell, cells[1:])])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "python3", "language": "python"}
    nbformat.write(nb, here/"toy.ipynb")
    (here/"toys.yaml").write_text("name: toys\nstages: {play: {notebook: toy}}\n")


def test_a_second_suite_under_one_root_is_told_who_holds_it(tmp_path):
    toy_suite(tmp_path)
    first = suite(tmp_path, "run", "toys.yaml")
    until((tmp_path/"experiments/toys/toys-play").exists)
    second, third, asks = (suite(tmp_path, verb, "toys.yaml") for verb in ("run", "retry", "status"))
    for other in (second, third):
        code, says = ended(*other)
        assert code == 2 and len(says.splitlines()) == 1, says
        assert f"textclf: experiments is in use by process {first[0].pid} on " in says and " since 20" in says
    assert ended(*asks)[0] == 0, "who only asks holds nothing"
    (tmp_path/"go").touch()
    code, says = ended(*first)
    assert code == 0 and "1 of 1 runs finished" in says
    assert not list((tmp_path/"experiments").rglob(".*")), "nothing is left lying about"


def weights(run): return load_checkpoint(run/"checkpoints/model.ckpt")["model"]


def history(run, part):
    return pd.read_csv(run/f"metrics/{part}/metrics.csv").drop(columns=["tokens_per_second", "peak_memory_mib"], errors="ignore")


@pytest.mark.long
def test_a_suite_whose_process_is_killed_ends_as_if_nothing_had_been(tmp_path):
    rows(60).to_csv(tmp_path/"mine.csv", index=False)
    settings = from_dotted([*SMALL, "training.epochs=12", "training.log_every=3", "training.checkpoint_every=5",
                            "architecture.mlp_dropout=0.1", f"data.corpus={tmp_path/'mine.csv'}"])
    shutil.copy(root/"experiments/train.ipynb", tmp_path)
    tree = {"name": "small", "settings": settings, "stages": {"train": {"notebook": "train", "name": "a"}}}
    (tmp_path/"small.yaml").write_text(yaml.safe_dump(tree))
    process, _ = suite(tmp_path, "run", "small.yaml")
    run = tmp_path/"experiments/finetuning/a"
    until((run/"checkpoints/last.ckpt").exists)
    process.kill(); process.join()
    kernel = RunRecord(run).run
    assert kernel["status"] == "running", "it was killed in the middle"
    until(lambda: not psutil.pid_exists(kernel["process"]["id"]))   # a kernel ends when its parent has
    code, says = ended(*suite(tmp_path, "run", "small.yaml"))
    assert code == 0 and "1 of 1 runs finished" in says
    plain = new_experiment("finetuning", "a", tmp_path/"plain", settings=settings)
    run_experiment(plain)
    for part in ("train", "eval"): pd.testing.assert_frame_equal(history(run, part), history(plain, part), check_exact=True)
    assert all(torch.equal(x, weights(plain)[k]) for k, x in weights(run).items())
    assert not list((tmp_path/"experiments").rglob(".*")), "nothing is left lying about"


DAMAGED = {   # a file of a suite that has run, what stands in it, and what is said
    "record cut": ("experiments/toys/toys-play/run.json", '{"status": "fin', "run.json is damaged"),
    "record of another shape": ("experiments/toys/toys-play/run.json", '{"status": "finished", "results": [1]}', "run.json is damaged"),
    "note cut": ("experiments/toys/toys-play/cell.json", '{"stage": ', "cell.json is damaged"),
    "note of another shape": ("experiments/toys/toys-play/cell.json", '{"identity": "x"}', "cell.json is damaged"),
    "suite cut": ("toys.yaml", "name: toys\nstages: {play: {noteb", "toys.yaml"),
    "suite of another shape": ("toys.yaml", "name: toys\nstages: 3", "stages"),
    "axes of another shape": ("toys.yaml", "name: toys\naxes: [a]\nstages: {play: {notebook: toy}}", "axes"),
    "scales of another shape": ("toys.yaml", "name: toys\nscales: {tiny: 3}\nstages: {play: {notebook: toy}}", "tiny"),
    "notebook cut": ("toy.ipynb", '{"cells": [', "toy.ipynb"),
    "notebook of another shape": ("toy.ipynb", "[]", "toy.ipynb"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_of_a_suite_is_one_line(tmp_path, mistake, name):  # noqa: F811
    toy_suite(tmp_path)
    run = tmp_path/"experiments/toys/toys-play"
    run.mkdir(parents=True)
    (run/"run.json").write_text('{"status": "finished"}')
    file, content, says = DAMAGED[name]
    (tmp_path/file).write_text(content)
    plan_reads = not file.startswith("experiments")
    for verb in ("run", "retry", "status", *(["plan"] if plan_reads else [])):
        assert says in mistake(tmp_path, "suite", verb, "toys.yaml", *(["--scale", "tiny"] if "scales" in name else []))
