"""A real training on a cluster of two worker processes: the bytes of a serial run, also when its machine dies; other versions."""
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
import torch
import yaml

from textclf_nb.core import UserError
from textclf_nb.lab.execution import run_suite
from textclf_nb.lab.runs import new_experiment, run_experiment
from textclf_nb.training.tracking import read_run

distributed = pytest.importorskip("distributed", reason="needs dask: pip install 'textclf-nb[cluster]'")
from textclf_nb.lab.cluster import machines_at  # noqa: E402

QUIET = {"dashboard_address": None, "silence_logs": 50, "scheduler_kwargs": {"dashboard_address": "127.0.0.1:0"}}   # 0: any free port

root = Path(__file__).parents[1]
SETTINGS = {"data": {"corpus": "docstrings", "limit": 130, "test": {"limit": 30}}, "tokenizer": {"vocab_size": 400, "max_length": 32},
    "architecture": {"embedding_dim": 16, "num_layers": 1, "mlp_size": 32, "attention": {"kind": "favor", "num_heads": 2}},
    "training": {"epochs": 8, "batch_size": 8, "checkpoint_every": 20, "use_amp": False}, "logging": {"use_wandb": False}}


@pytest.fixture
def machines():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, **QUIET) as cluster: yield cluster


def machine_dies(run_dir, killed):
    "Once there is a checkpoint, kill the worker that made it, and its kernel, as if the power had failed."
    while not (run_dir / "checkpoints/last.ckpt").is_file(): time.sleep(.02)
    kernel = psutil.Process(read_run(run_dir)["process"]["id"])
    killed += [kernel.parent(), kernel]
    for process in killed: process.kill()


def the_same(here, there):
    for file in ("model/model.safetensors", "metrics/eval/predictions.csv", "metrics/eval/metrics.csv"):
        assert (here / file).read_bytes() == (there / file).read_bytes(), file
    assert read_run(here)["results"] == read_run(there)["results"]


@pytest.fixture
def serial(tmp_path, monkeypatch):
    "A suite of one training, and the run directory of the same training in one piece, with one thread."
    monkeypatch.chdir(tmp_path)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"): monkeypatch.setenv(name, "1")
    (tmp_path / "train.ipynb").write_bytes((root / "experiments/train.ipynb").read_bytes())
    suite = {"name": "one", "settings": SETTINGS, "stages": {"train": {"notebook": "train", "name": "{suite}"}}}
    (tmp_path / "one.yaml").write_text(yaml.safe_dump(suite))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    run_experiment(run := new_experiment("finetuning", "one", "serial", settings=SETTINGS))
    torch.set_num_threads(threads)
    return run


@pytest.mark.long
def test_a_killed_machines_training_goes_on_elsewhere_and_ends_in_the_same_bytes(tmp_path, serial, machines, capfd):
    run_dir, killed = tmp_path / "far/finetuning/one", []
    threading.Thread(target=machine_dies, args=(run_dir, killed), daemon=True).start()
    with machines_at(machines.scheduler_address, "far") as pool: assert [*run_suite("one.yaml", "far", pool=pool).values()] == ["finished"]
    assert len(killed) == 2 and '"from_step": 0' in (run_dir / "events.jsonl").read_text()
    assert any('"event": "training"' in e and '"from_step": 0' not in e for e in (run_dir / "events.jsonl").read_text().splitlines())
    the_same(serial, run_dir)
    capfd.readouterr()


def started(address, *command):
    "A process of dask's, with an address to meet at."
    return subprocess.Popen([sys.executable, "-m", *command, *address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.long
def test_a_killed_scheduler_is_told_and_its_worker_ends_what_it_has_begun(tmp_path, serial, capfd):
    file, run_dir = tmp_path / "where.json", tmp_path / "far/finetuning/one"
    scheduler = started(["--scheduler-file", file, "--port", "0", "--dashboard-address", "127.0.0.1:0"], "distributed.cli.dask_scheduler")
    worker = started(["--scheduler-file", file, "--nthreads", "1", "--no-dashboard"], "distributed.cli.dask_worker")
    def dies():
        while not (run_dir / "checkpoints/last.ckpt").is_file(): time.sleep(.02)
        scheduler.kill()
    try:
        while not file.is_file(): time.sleep(.05)
        threading.Thread(target=dies, daemon=True).start()
        address = json.loads(file.read_text())["address"]
        with machines_at(address, "far") as pool: assert [*run_suite("one.yaml", "far", pool=pool).values()][0].startswith("failed: ")
        while not (run_dir / "cell.json").is_file(): time.sleep(.1)
    finally:
        for process in (scheduler, worker): process.terminate(); process.wait()
    assert [*run_suite("one.yaml", "far").values()] == ["finished before"]
    the_same(serial, run_dir)
    capfd.readouterr()


def test_a_worker_of_another_version_is_told_before_anything_starts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    facts = tmp_path / "other/textclf_nb-0.0.1.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: textclf-nb\nVersion: 0.0.1\n")
    with distributed.LocalCluster(n_workers=0, **QUIET) as cluster:
        command = [sys.executable, "-m", "distributed.cli.dask_worker", cluster.scheduler_address, "--nthreads", "1", "--no-nanny"]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path / "other")}
        worker = subprocess.Popen([*command, "--no-dashboard"], cwd=tmp_path, stderr=subprocess.DEVNULL, env=environment)
        try:
            with cluster.get_client() as client: client.wait_for_workers(1, timeout=600)
            with pytest.raises(UserError, match="has textclf-nb 0.0.1, here it is 0.1.0: install the same"):
                with machines_at(cluster.scheduler_address): pass
        finally:
            worker.kill(); worker.wait()
    assert not (tmp_path / "experiments").exists()
