"""Trainings in processes of their own: killed, interrupted, ruined, and gone on with."""
import multiprocessing as mp
import os
import signal
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import torch

from textclf_nb.training.checkpoints import FINAL, LAST, load_checkpoint
from textclf_nb.training.tracking import RunRecord, read_run

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
