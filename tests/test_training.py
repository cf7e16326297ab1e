"""Trainings in processes of their own: killed, interrupted, ruined, and gone on with."""
import multiprocessing as mp
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import torch

from textclf_nb.model.models import ModelConfig, TransformerForMaskedLM
from textclf_nb.training import loop as loop_module
from textclf_nb.training.checkpoints import FINAL, LAST, load_checkpoint
from textclf_nb.training.loop import TrainingConfig, TrainingLoop
from textclf_nb.training.tracking import LoggingConfig, RunRecord, Tracker, read_run, reset_peak_memory

sys.path.insert(0, str(Path(__file__).parent))
import toy_run  # noqa: E402

NOT_CHANCE = ["tokens_per_second", "peak_memory_mib"]
PROCESSES = mp.get_context("forkserver")   # a clean process each, without importing torch each time
PROCESSES.set_forkserver_preload(["textclf_nb.training.loop", "pandas", "pytest"])


def apart(log, run_dir, settings):
    "In the new process: all that is printed goes to a file, wandb to the disk."
    for stream in (1, 2): os.dup2(os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND), stream)
    for key in [k for k in os.environ if k.startswith("WANDB")]: del os.environ[key]
    os.environ["WANDB_MODE"] = "offline"
    toy_run.main(run_dir, *settings)


def start(run_dir, *settings):
    log = run_dir.parent/f"{run_dir.name}.{time.monotonic_ns()}.log"
    log.touch()
    process = PROCESSES.Process(target=apart, args=(str(log), str(run_dir), settings))
    process.start()
    return process, log


def run(run_dir, *settings, fails=False):
    process, log = start(run_dir, *settings)
    process.join(120)
    assert process.exitcode is not None and (process.exitcode != 0) == fails, log.read_text()[-3000:]
    return log.read_text()


def stop_at_row(run_dir, rows, number):
    "Start a slow training and send it a signal once its history has so many rows."
    (process, log), file = start(run_dir, "pause=.03"), run_dir/"metrics/train/metrics.csv"
    deadline = time.monotonic() + 60
    while not (file.exists() and file.read_text().count("\n") > rows):
        assert process.is_alive() and time.monotonic() < deadline, log.read_text()
        time.sleep(.005)
    os.kill(process.pid, number)
    process.join(60)
    return process.exitcode


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    "A training that nobody disturbed."
    run_dir = tmp_path_factory.mktemp("runs")/"whole"
    run(run_dir)
    return run_dir


def same(a, b):
    for kind in ("train", "eval"):
        x, y = (pd.read_csv(d/f"metrics/{kind}/metrics.csv").drop(columns=NOT_CHANCE, errors="ignore") for d in (a, b))
        pd.testing.assert_frame_equal(x, y, check_exact=True)
    x, y = (load_checkpoint(d/"checkpoints"/FINAL)["model"] for d in (a, b))
    assert all(torch.equal(x[k], y[k]) for k in x)


@pytest.mark.parametrize("rows", [3, 5])
def test_killed_and_gone_on_with(whole, tmp_path, rows):
    run_dir = tmp_path/"killed"
    assert stop_at_row(run_dir, rows, signal.SIGKILL) == -signal.SIGKILL
    assert RunRecord(run_dir).run["status"] == "running"      # nobody was left to say otherwise
    assert read_run(run_dir)["status"] == "interrupted"
    state = load_checkpoint(run_dir/"checkpoints"/LAST)
    assert 7 <= state["step"] < 24
    run(run_dir, "resume=1")
    assert RunRecord(run_dir).run["status"] == "finished"
    same(whole, run_dir)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_and_gone_on_with(whole, tmp_path, number):
    run_dir = tmp_path/"stopped"
    code = stop_at_row(run_dir, 2, number)
    record = RunRecord(run_dir).run
    assert code != 0 and (record["status"], record["cause"]) == ("interrupted", number.name)
    step = load_checkpoint(run_dir/"checkpoints"/LAST)["step"]
    rows = pd.read_csv(run_dir/"metrics/train/metrics.csv").step
    assert step >= rows.max()      # nothing that was done is lost
    run(run_dir, "resume=1")
    same(whole, run_dir)


def test_truncated_checkpoint_is_named(tmp_path):
    run_dir = tmp_path/"cut"
    stop_at_row(run_dir, 3, signal.SIGTERM)
    file = run_dir/"checkpoints"/LAST
    os.truncate(file, file.stat().st_size//2)
    assert f"checkpoint {file} is cut off" in run(run_dir, "resume=1", fails=True)
    assert RunRecord(run_dir).run["status"] == "failed" and str(file) in RunRecord(run_dir).run["cause"]


@pytest.mark.parametrize("slow", ["evaluation", "checkpoint"])
def test_what_is_no_step_is_not_on_the_meter(tmp_path, slow, monkeypatch):
    "A sleep in evaluations or in saves goes into the seconds of the run, none of it into those of an epoch."
    naps = []
    def nap(seconds=.2): naps.append(seconds); time.sleep(seconds)

    class Val(toy_run.Loader):
        def __iter__(self): nap(); return super().__iter__()

    if slow == "checkpoint":
        save = loop_module.save_checkpoint
        monkeypatch.setattr(loop_module, "save_checkpoint", lambda *a, **k: (nap(), save(*a, **k)))
    config = TrainingConfig(epochs=2, log_every=4, checkpoint_every=7, batch_size=4, use_amp=False)
    val = Val() if slow == "evaluation" else toy_run.Loader()
    loop = TrainingLoop(TransformerForMaskedLM(ModelConfig(architecture=toy_run.ARCHITECTURE)), config, toy_run.Loader(), val,
                        checkpoint_dir=tmp_path, progress=False)
    cost = loop.fit()
    assert len(naps) >= 2
    assert 2*cost["seconds_per_epoch"] <= cost["seconds"] - sum(naps) + .05
    assert cost["tokens_per_second"] == pytest.approx(loop.meter.tokens/(2*cost["seconds_per_epoch"]), rel=.05)


def test_each_run_in_a_process_has_its_own_peak():
    "Only where the kernel lets a process reset its peak; elsewhere the record says whose peak it is."
    def trained(ballast):
        loop = TrainingLoop(TransformerForMaskedLM(ModelConfig(architecture=toy_run.ARCHITECTURE)),
                            TrainingConfig(epochs=1, batch_size=4, use_amp=False), toy_run.Loader(), toy_run.Loader(), progress=False)
        weight = torch.ones(ballast, 2**18)   # MiB
        cost = loop.fit()
        del weight
        return cost
    large, small = trained(300), trained(1)
    assert large["peak_memory_of"] == ("training" if reset_peak_memory() else "process")
    if large["peak_memory_of"] == "training": assert large["peak_memory_mib"] - small["peak_memory_mib"] > 200


def test_run_json_names_the_state_of_the_code(tmp_path):
    with Tracker(tmp_path/"r", LoggingConfig(use_wandb=False)) as tracker: pass
    code, root = read_run(tmp_path/"r")["code"], Path(__file__).parents[1]
    git = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True)
    if git.returncode == 0: assert code["commit"] == git.stdout.strip() and code["dirty"] in (True, False)
    assert {"torch", "python"} <= set(tracker.run["versions"]) and tracker.run["hardware"]["name"]


def test_lost_loss_and_real_wandb(tmp_path):
    "A NaN ends the run with its cause; W&B has recorded it, offline and without a word on the terminal."
    printed = run(tmp_path/"wild", "lr=1e30", "wandb=1", fails=True)
    record = RunRecord(tmp_path/"wild").run
    assert record["status"] == "failed" and "the loss is nan at step" in record["cause"] and "lower learning_rate" in record["cause"]
    assert record["wandb"]["mode"] == "offline"
    assert "wandb:" not in printed
    run(tmp_path/"good", "wandb=1")
    (file,) = (tmp_path/"good/wandb").glob("offline-run-*/*.wandb")
    data = file.read_bytes()
    assert b"train/loss" in data and b"eval/perplexity" in data and b"learning_rate" in data
