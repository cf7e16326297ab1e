"""Two processes that train one run, launched as a user would: the weights of one process, and a checkpoint that goes on in one."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from textclf_nb.core import UserError
from textclf_nb.lab.runs import new_experiment, run_experiment
from textclf_nb.training.checkpoints import last_checkpoints, load_checkpoint
from textclf_nb.training.tracking import read_run

pytest.importorskip("accelerate", reason="needs Hugging Face Accelerate: pip install accelerate")
SETTINGS = {"data": {"corpus": "docstrings", "limit": 130, "test": {"limit": 30}}, "tokenizer": {"vocab_size": 400, "max_length": 32},
    "architecture": {"embedding_dim": 16, "num_layers": 1, "mlp_size": 32, "mlp_dropout": 0, "embedding_dropout": 0,
        "attention": {"kind": "favor", "num_heads": 2, "attn_out_drop": 0, "favor": {"nb_features": 16, "redraw_interval": 4}}},
    "training": {"epochs": 2, "batch_size": 9, "grad_accum_steps": 2, "log_every": 1, "use_amp": False}, "logging": {"use_wandb": False}}


def weights(run_dir, name="model.ckpt"):
    return torch.cat([t.double().flatten() for t in load_checkpoint(run_dir / "checkpoints" / name)["model"].values()])


@pytest.mark.long
def test_two_processes_train_as_one_and_their_checkpoint_goes_on_in_one(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    one, two = (new_experiment("pretraining", name, settings=SETTINGS) for name in ("one", "two"))
    command = [Path(sys.executable).parent / "accelerate", "launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1",
        "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0", "-m", "textclf_nb.use.cli", "train", "two"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("kept in") == 1, "only the main process speaks"
    run_experiment(one)
    assert torch.allclose(weights(one), weights(two), atol=1e-6), (weights(one) - weights(two)).abs().max()
    events = [json.loads(line) for line in (two / "events.jsonl").read_text().splitlines()]
    assert [e["processes"] for e in events if e["event"] == "training"] == [2] and len([e for e in events if e["event"] == "started"]) == 1
    rows = [(run / "metrics/train/metrics.csv").read_text().splitlines() for run in (one, two)]
    assert len(rows[0]) == len(rows[1]) and sorted(os.listdir(one)) == sorted(os.listdir(two))

    again = tmp_path / "experiments/pretraining/again"   # the state after the first of two epochs, on one process
    shutil.copytree(two, again, ignore=shutil.ignore_patterns("model", "run.json"))
    (again / "config.yaml").write_text((two / "config.yaml").read_text().replace("name: two", "name: again"))
    states = {file.name: load_checkpoint(file)["step"] for file in last_checkpoints(again / "checkpoints")}
    middle = min(states, key=states.get)
    assert states[middle] == read_run(two)["cost"]["steps"] / 2
    run_experiment(again, middle)
    assert torch.allclose(weights(again), weights(two), atol=1e-6)
    with pytest.raises(UserError, match="has finished"): run_experiment(two)
    capfd.readouterr()
