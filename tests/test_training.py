"""Trainings in processes of their own: killed, interrupted, ruined, and gone on with."""
import multiprocessing as mp
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from textclf_nb.core import UserError, one_line
from textclf_nb.data.corpora import load_corpus
from textclf_nb.lab.runs import ExperimentConfig, run_tokenizer
from textclf_nb.model.models import ModelConfig, TransformerForMaskedLM
from textclf_nb.training import loop as loop_module
from textclf_nb.training.checkpoints import FINAL, LAST, load_checkpoint
from textclf_nb.training.loop import Callback, Interrupted, TrainingConfig, TrainingLoop
from textclf_nb.training.tasks import Diverged
from textclf_nb.training.tracking import LoggingConfig, RowLog, RunRecord, Tracker, _read_rows, read_run, reset_peak_memory

sys.path.insert(0, str(Path(__file__).parent))
import toy_run  # noqa: E402

NOT_CHANCE = ["tokens_per_second", "peak_memory_mib"]
PATIENCE = 600   # seconds: a process that hangs is found, one on a busy machine is not taken for it
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
    process.join(PATIENCE)
    assert process.exitcode is not None and (process.exitcode != 0) == fails, log.read_text()[-3000:]
    return log.read_text()


def stop_at_row(run_dir, rows, number):
    "Send a training a signal once its history has so many rows, of four steps each; it waits for that in the second batch after them."
    epoch, step = divmod(4*rows, 8)   # 15 batches are 8 steps
    (process, log), file = start(run_dir, f"halt={epoch},{2*step + 1}"), run_dir/"metrics/train/metrics.csv"
    deadline = time.monotonic() + PATIENCE
    while not (file.exists() and file.read_text().count("\n") > rows):
        assert process.is_alive() and time.monotonic() < deadline, log.read_text()
        time.sleep(.005)
    os.kill(process.pid, number)
    run_dir.with_suffix(".go").touch()
    process.join(PATIENCE)
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


def test_truncated_checkpoint_is_passed_over_and_named_if_it_is_the_only_one(whole, tmp_path):
    run_dir = tmp_path/"cut"
    stop_at_row(run_dir, 3, signal.SIGTERM)
    file, before = (run_dir/"checkpoints"/name for name in (LAST, "last-1.ckpt"))
    os.truncate(file, file.stat().st_size//2)
    shutil.copytree(run_dir, tmp_path/"both")
    assert "going on from the one before, last-1.ckpt" in run(run_dir, "resume=1")
    same(whole, run_dir)
    run_dir = tmp_path/"both"
    before = run_dir/"checkpoints/last-1.ckpt"
    os.truncate(before, 1000)
    assert f"checkpoint {before} is cut off" in run(run_dir, "resume=1", fails=True)
    assert RunRecord(run_dir).run["status"] == "failed" and str(before) in RunRecord(run_dir).run["cause"]


def test_a_second_process_is_told_who_holds_the_run(whole, tmp_path):
    run_dir = tmp_path/"twice"
    process, log = start(run_dir, "halt=0,3")
    while not (run_dir/".lock.json").exists():
        assert process.is_alive(), log.read_text()[-3000:]
        time.sleep(.01)
    assert f"in use by process {process.pid} on" in run(run_dir, fails=True)
    run_dir.with_suffix(".go").touch()
    process.join(PATIENCE)
    assert process.exitcode == 0, log.read_text()[-3000:]
    same(whole, run_dir)


def small_loop(tmp_path, config, callbacks=(), tracker=None, identity=None):
    return TrainingLoop(TransformerForMaskedLM(ModelConfig(architecture=toy_run.ARCHITECTURE)), config, toy_run.Loader(),
                        toy_run.Loader(), tracker, tmp_path/"checkpoints", progress=False, callbacks=callbacks, identity=identity)


def test_a_kill_in_an_evaluation_leaves_no_row_twice(tmp_path):
    config = TrainingConfig(epochs=2, log_every=4, checkpoint_every=5, batch_size=4, use_amp=False)

    class Killed(Exception): pass

    class Kill(Callback):
        def on_evaluation(self, loop, metrics, better): raise Killed

    logging = LoggingConfig(use_wandb=False)
    with pytest.raises(Killed), Tracker(tmp_path, logging) as tracker: small_loop(tmp_path, config, [Kill()], tracker).fit()
    with Tracker(tmp_path, logging) as tracker: small_loop(tmp_path, config, tracker=tracker).fit(resume=True)
    assert pd.read_csv(tmp_path/"metrics/train/metrics.csv").step.tolist() == [4, 8, 12, 15, 16, 20, 24, 28, 30]


class Lost(list):
    "Batches that a process prepares, which is killed once, at the twelfth."
    def __init__(self, batches, file):
        super().__init__(batches)
        self.file = file

    def __getitem__(self, i):
        if i == 12 and not self.file.exists():
            self.file.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(i)


def test_a_lost_worker_is_one_line_and_the_run_goes_on(tmp_path):
    config = TrainingConfig(epochs=1, log_every=4, checkpoint_every=5, batch_size=4, use_amp=False)

    class Prepared(toy_run.Loader):
        def __iter__(self):
            batches = Lost(toy_run.Loader.__iter__(self), tmp_path/"killed")
            return iter(DataLoader(batches, batch_size=None, num_workers=1, generator=torch.Generator()))

    def go_on(name, loader, **how):
        with Tracker(tmp_path/name, LoggingConfig(use_wandb=False)) as tracker:
            loop = small_loop(tmp_path/name, config, tracker=tracker)
            loop.train_loader = loader
            loop.fit(**how)

    with pytest.raises(RuntimeError, match="DataLoader worker") as lost: go_on("lost", Prepared())
    record = read_run(tmp_path/"lost")
    told = one_line(lost.value), one_line(ConnectionResetError())   # now and then the pipe breaks before the signal comes
    assert record["status"] == "failed" and record["cause"] in told
    go_on("lost", Prepared(), resume=True)
    go_on("whole", toy_run.Loader())
    same(tmp_path/"whole", tmp_path/"lost")


NUL = "" if sys.version_info >= (3, 11) else "\0"   # which the csv module of Python 3.10 cannot write
NAMES = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters=NUL), max_size=8), min_size=1, max_size=4, unique=True)

@settings(max_examples=150, deadline=None)
@given(NAMES, NAMES.filter(lambda x: len(x) > 1))
def test_a_history_is_read_back_as_it_was_written(tmp_path_factory, labels, more):
    "Labels name columns; what ends a line in one of them ends no row."
    file = tmp_path_factory.mktemp("log")/"m.csv"
    first, second = ({f"f1/{x}": str(i) for i, x in enumerate(names)} for names in (labels, more))
    log = RowLog(file)
    log.append({"step": 1} | first)
    log.append({"step": 2} | first | second)
    log = RowLog(file)
    assert log.columns == list(dict.fromkeys(["step", *first, *second]))
    assert log.keep(lambda row: row["step"] == "2") == 1
    assert _read_rows(file)[1] == [dict.fromkeys(log.columns, "") | {"step": "2"} | first | second]


def test_a_beginning_that_fails_tells_its_own_error(tmp_path):
    logging = LoggingConfig(use_wandb=False)
    with pytest.raises(NotADirectoryError), Tracker(tmp_path/"run", logging) as tracker:
        loop = small_loop(tmp_path, TrainingConfig(epochs=1, batch_size=4, use_amp=False), tracker=tracker)
        tracker.rewind = lambda *a: (_ for _ in ()).throw(NotADirectoryError("metrics"))
        loop.fit()


@pytest.mark.parametrize("name,was,now", [("corpus", "aa", "bb"), ("data.split_seed", 0, 1)])
def test_another_identity_is_refused_with_both_values(tmp_path, name, was, now):
    config = TrainingConfig(epochs=1, batch_size=4, use_amp=False)
    small_loop(tmp_path, config, identity={name: was}).fit()
    with pytest.raises(UserError, match=f"{name} was {was}, is {now}"): small_loop(tmp_path, config, identity={name: now}).fit(resume=True)


def test_another_precision_is_refused(tmp_path):
    config = TrainingConfig(epochs=1, batch_size=4, use_amp=False)
    small_loop(tmp_path, config).fit()
    other = small_loop(tmp_path, config.model_copy(update={"use_amp": "bfloat16"}))
    with pytest.raises(UserError, match="precision was float32, is bfloat16"): other.fit(resume=True)
    assert other.identity()["kind of device"] == "cpu"


def test_a_checkpoint_comes_every_five_minutes_unless_told_otherwise():
    assert (TrainingConfig().checkpoint_minutes, TrainingConfig().checkpoint_every) == (5, None)


def test_a_resumed_run_reads_with_its_own_tokenizer(tmp_path):
    def corpus(*words):   # forty texts of these words
        file = tmp_path/f"{words[0]}.csv"
        texts = [f"{words[i % 3]} {words[i % 2]} {i}" for i in range(40)]
        pd.DataFrame({"text": texts, "label": ["a", "b"] * 20}).to_csv(file, index=False)
        return load_corpus(str(file))

    config = ExperimentConfig(experiment={"name": "r", "kind": "finetuning"}, tokenizer={"vocab_size": 200})
    first = run_tokenizer(config, corpus("copper", "silver", "golden"), tmp_path/"run")
    other = corpus("willow", "poplar", "linden")
    assert run_tokenizer(config, other, tmp_path/"run", resume=True).fingerprint == first.fingerprint
    assert run_tokenizer(config, other, tmp_path/"elsewhere").fingerprint != first.fingerprint


def test_a_ruined_weight_is_not_saved(tmp_path):
    class Ruin(Callback):
        def on_step(self, loop):
            if loop.step == 15:
                with torch.no_grad(): loop.model.encoder.blocks[0].mlp.fc1.weight[0, 0] = float("inf")
    config = TrainingConfig(epochs=2, batch_size=4, use_amp=False, checkpoint_every=5)
    with pytest.raises(Diverged): small_loop(tmp_path, config, [Ruin()]).fit()
    assert load_checkpoint(tmp_path/"checkpoints"/LAST)["step"] <= 15
    for file in (tmp_path/"checkpoints").iterdir():
        assert all(torch.isfinite(t).all() for t in load_checkpoint(file)["model"].values() if t.is_floating_point())


@pytest.mark.parametrize("settings", [{"optimizer": "muon", "schedule": "wsd"}, {"ema_decay": .9, "schedule": "linear"},
                                      {"evaluate_every": 4, "early_stopping": 5}, {"use_amp": "bfloat16", "optimizer": "muon"}])
def test_each_recipe_goes_on_bit_by_bit(tmp_path, settings):
    config = TrainingConfig(epochs=2, batch_size=4, log_every=4, **{"use_amp": False} | settings)

    class Evict(Callback):
        def on_step(self, loop):
            if loop.step == 18: os.kill(os.getpid(), signal.SIGTERM)

    untouched = small_loop(tmp_path/"a", config)
    untouched.fit()
    with pytest.raises(Interrupted): small_loop(tmp_path/"b", config, [Evict()]).fit()
    resumed = small_loop(tmp_path/"b", config)
    resumed.fit(resume=True)
    a, b = (load_checkpoint(tmp_path/x/"checkpoints"/FINAL)["model"] for x in "ab")
    assert all(torch.equal(a[k], b[k]) for k in a)
    assert untouched.best == resumed.best


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
    # Seconds of two epochs, from hundredths of one and from whole tokens a second: the larger tolerance counts.
    assert loop.meter.tokens/cost["tokens_per_second"] == pytest.approx(2*cost["seconds_per_epoch"], abs=.011, rel=.02)


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
