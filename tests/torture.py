"""A standing attack: `make torture MINUTES=10 SEED=0`. One line a case; a case that fails prints the command that repeats it.

Each case is a process of its own, forked after the imports, that calls the `textclf` command's own entry point. It is killed, stopped,
refused its disk or its memory, fed damaged files, doubled, robbed of its workers, or given a gradient that is no number; what must come out
each time is the answer of the run that nobody disturbed, bit for bit, or one line and exit code 2.
"""
import argparse
import errno
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path

os.environ |= {"WANDB_MODE": "offline", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
import numpy as np
import pandas as pd
import psutil
import torch
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from textclf_nb.core import one_line, parse_yaml
from textclf_nb.data import DataConfig, load_corpus
from textclf_nb.lab.runs import Classifier, ExperimentConfig, from_dotted, new_experiment
from textclf_nb.training.checkpoints import last_checkpoints, load_checkpoint
from textclf_nb.use.cli import main

SMALL = ["architecture.embedding_dim=16", "architecture.num_layers=1", "architecture.mlp_size=32",
         "architecture.attention.num_heads=2", "architecture.mlp_dropout=0.1", "tokenizer.vocab_size=200",
         "tokenizer.max_length=24", "training.epochs=3", "training.batch_size=8", "training.log_every=3",
         "training.checkpoint_every=5", "training.use_amp=false", "logging.use_wandb=false", "data.corpus=mine.csv"]
RUNS = [(kind, attention) for kind in ("pretraining", "finetuning") for attention in ("mha", "lsh", "favor", "window", "nystrom")]
CHANCE = ["tokens_per_second", "peak_memory_mib", "seconds"]
PATIENCE = 1200   # seconds: what hangs is found, a busy machine is not taken for it


class Found(AssertionError):
    "What must not be."


def child(cwd, arguments, before=None):
    "Start the command in a process of its own; all that it prints goes to `cwd`/log."
    pid = os.fork()
    if pid: return pid
    code = 70
    try:
        log = os.open(Path(cwd)/"log", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        for stream in (1, 2): os.dup2(log, stream)
        os.chdir(cwd)
        sys.argv = ["textclf", *map(str, arguments)]
        if before: before()
        main()
        code = 0
    except SystemExit as e: code = e.code or 0
    except BaseException as e: traceback.print_exc(); code = 130 if isinstance(e, KeyboardInterrupt) else 70
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError): stream.flush()   # nobody reads it any more, or the disk is full: the exit code still tells
        os._exit(code if isinstance(code, int) else 70)


def ended(pid, seconds=PATIENCE):
    "Exit code of a process; negative for a signal."
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done: return os.waitstatus_to_exitcode(status)
        time.sleep(.01)
    os.kill(pid, signal.SIGKILL); os.waitpid(pid, 0)
    raise Found(f"still running after {seconds} s")


def told(cwd, code, allowed=(0, 2)):
    "No traceback, and one of the exit codes that are promised."
    log = (Path(cwd)/"log").read_text(errors="replace")
    if code not in allowed or "Traceback" in log: raise Found(f"exit code {code}: {' / '.join(log.strip().splitlines()[-3:])[-400:]}")
    return log


def textclf(cwd, *arguments, allowed=(0, 2), before=None):
    code = ended(child(cwd, arguments, before))
    return code, told(cwd, code, allowed)


def new_run(home, kind, attention):
    "A configured run in a fresh directory, with its table beside it."
    home.mkdir()
    texts = [("Return the sine of each element.", "maths"), ("Draw a line through the points.", "plots")]
    rows = [(f"{t} Case {i}.", y) for i in range(30) for t, y in texts]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(home/"mine.csv", index=False)
    before = os.getcwd()
    os.chdir(home)
    try: new_experiment(kind, "a", settings=from_dotted([*SMALL, f"architecture.attention.kind={attention}"]))
    finally: os.chdir(before)
    return home/"experiments"/kind/"a"


PLAIN = {}

def undisturbed(room, kind, attention):
    "The run that nobody disturbed (made once), and how long it took."
    if (kind, attention) not in PLAIN:
        home = room/f"plain-{kind}-{attention}"
        run, start = new_run(home, kind, attention), time.monotonic()
        textclf(home, "train", f"{kind}/a", allowed=(0,))
        PLAIN[kind, attention] = run, time.monotonic() - start
    return PLAIN[kind, attention]


def same(a, b):
    "Weights and histories of two runs are equal in every bit; nothing is left lying about, every file has the umask's mode."
    for kind in ("train", "eval"):
        x, y = (pd.read_csv(d/f"metrics/{kind}/metrics.csv").drop(columns=CHANCE, errors="ignore") for d in (a, b))
        if not x.equals(y): raise Found(f"{kind} history differs: {len(x)} and {len(y)} rows")
    x, y = (load_checkpoint(d/"checkpoints/model.ckpt")["model"] for d in (a, b))
    if any(not torch.equal(x[k], y[k]) for k in x): raise Found("weights differ")
    left = [p.name for p in b.rglob(".*")]
    if left: raise Found(f"left behind: {left}")
    umask = os.umask(0); os.umask(umask)
    odd = [p.name for p in b.rglob("*") if p.is_file() and p.stat().st_mode & 0o666 != 0o666 & ~umask]
    if odd: raise Found(f"not the umask's mode: {odd}")


def go_on(home, run, before=None, rng=None):
    "Train, or resume where there is something to resume: with `rng`, from any checkpoint that is a whole state."
    there, best = last_checkpoints(run/"checkpoints"), run/"checkpoints/best-model.ckpt"
    more = ["--resume"] if there else []
    if there and rng and rng.random() < .5: more = ["--from-checkpoint", rng.choice([*there, *([best] if best.is_file() else [])]).name]
    return child(home, ["train", f"{run.parent.name}/a", *more], before)


def finish(home, run, plain):
    "Without further disturbance the run ends as the plain one."
    record = (run/"run.json").read_text() if (run/"run.json").exists() else ""
    if '"status": "finished"' not in record: told(home, ended(go_on(home, run)), (0,))
    same(plain, run)


def kill(home, room, rng):
    "SIGKILL or SIGTERM up to three times, at any moment; then resumed."
    kind, attention = rng.choice(RUNS)
    plain, seconds = undisturbed(room, kind, attention)
    run, told_of = new_run(home, kind, attention), []
    for _ in range(rng.randint(1, 3)):
        number, pid = rng.choice([signal.SIGKILL, signal.SIGTERM]), go_on(home, run, rng=rng)
        time.sleep(rng.uniform(0, seconds))
        os.kill(pid, number)
        code = ended(pid)
        told_of.append(f"{number.name}→{code}")
        if code == 0: break
    finish(home, run, plain)
    return f"{kind} {attention}: {' '.join(told_of)}"


def stop(home, room, rng):
    "SIGSTOP; a second process is refused meanwhile; SIGCONT, and the end is as ever."
    kind, attention = rng.choice(RUNS)
    plain, seconds = undisturbed(room, kind, attention)
    run = new_run(home, kind, attention)
    pid = go_on(home, run)
    while not (run/".lock.json").exists(): time.sleep(.002)
    time.sleep(rng.uniform(0, seconds/3))
    os.kill(pid, signal.SIGSTOP)
    second = (home.parent/f"{home.name}-second")
    second.mkdir(); (second/"mine.csv").write_bytes((home/"mine.csv").read_bytes()); (second/"experiments").symlink_to(home/"experiments")
    code = ended(child(second, ["train", f"{kind}/a"]))
    says = told(second, code, (2,))
    os.kill(pid, signal.SIGCONT)
    told(home, ended(pid), (0,))
    shutil.rmtree(second)
    if "in use by process" not in says and "finished already" not in says: raise Found(f"the second was told: {says}")
    same(plain, run)
    return f"{kind} {attention}"


def twice(home, room, rng):
    "Two processes at once: one does the work, the other is told."
    what = rng.choice(["train", "baseline"])
    run = new_run(home, "finetuning", "mha")
    arguments = ["train", "a"] if what == "train" else ["baseline", "b", "--set", "data.corpus=mine.csv"]
    second = home/"second"
    second.mkdir(); (second/"mine.csv").symlink_to(home/"mine.csv"); (second/"experiments").symlink_to(home/"experiments")
    pids = [child(home, arguments), child(second, arguments)]
    codes = [ended(pid) for pid in pids]
    for cwd, code in zip((home, second), codes): told(cwd, code)
    if sorted(codes) != [0, 2]: raise Found(f"exit codes {codes}")
    if what == "train": same(undisturbed(room, "finetuning", "mha")[0], run)
    return what


def faults(root, number, name, lasting):
    "From the n-th change of a file under `root` on, the file layer refuses (`lasting`), or refuses once."
    changes, count = {"open", "os.rename", "os.mkdir", "os.link", "os.truncate", "os.chmod"}, [0]
    code = getattr(errno, name)
    def hook(event, args):
        if event not in changes or not args or not isinstance(args[0], (str, bytes, os.PathLike)): return
        path = os.path.abspath(os.fsdecode(args[0]))
        writes = event != "open" or isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if not path.startswith(root) or not writes: return
        count[0] += 1
        if count[0] == number or (lasting and count[0] > number): raise OSError(code, os.strerror(code), path)
    sys.addaudithook(hook)


def disk(home, room, rng):
    "ENOSPC, EIO, EROFS at the n-th change of a file, or a file that may not grow (short writes); afterwards the disk is well again."
    kind, attention = rng.choice(RUNS)
    plain, _ = undisturbed(room, kind, attention)
    run = new_run(home, kind, attention)
    if rng.random() < .3:
        size = rng.choice([0, 100, 1000, 4000, 16000, 40000, 60000, 100000])
        def before():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (max(size, 3000), resource.RLIM_INFINITY))
        what = f"files of at most {max(size, 3000)} bytes"
    else:
        name, number, lasting = rng.choice(["ENOSPC", "EIO", "EROFS"]), rng.randint(1, 90), rng.random() < .5
        def before(): faults(str(run), number, name, lasting)
        what = f"{name} at change {number}{' and after' if lasting else ''}"
    told(home, ended(go_on(home, run, before)))
    finish(home, run, plain)
    return f"{kind} {attention}: {what}"


def damaged(data, rng):
    "The bytes of a file as a bad disk, a full one, or a stranger would leave them."
    at = rng.randrange(max(len(data), 1))
    return rng.choice([b"", data[:at], b"[]", b"{}", b"null", b"\xff\xfe" + data, rng.randbytes(200), data + data,
                       data[:at] + bytes([rng.randrange(256)]) + data[at+1:], data.replace(b":", b"=", 3)])


def damage(home, room, rng):
    "Any file of a finished run is damaged; every command that reads it answers, or refuses in one line."
    plain, _ = undisturbed(room, "finetuning", rng.choice([a for k, a in RUNS if k == "finetuning"]))
    beside = plain.parents[2]   # a baseline too, fitted once
    if not (beside/"experiments/baseline").exists(): textclf(beside, "baseline", "b", "--set", "data.corpus=mine.csv", allowed=(0,))
    shutil.copytree(beside, home)
    kind, name = rng.choice([("finetuning", "a")]*3 + [("baseline", "b")])
    run = home/"experiments"/kind/name
    file = rng.choice(sorted(p for p in run.rglob("*") if p.is_file()))
    file.write_bytes(damaged(file.read_bytes(), rng))
    commands = [["predict", name, "Draw it."], ["eval", name], ["runs"], ["compare", "a", "b"]]
    if name == "a": commands += [["train", "a", "--resume"], ["maps", "a", "Draw it."], ["cost", "parameters", "a"]]
    for arguments in rng.sample(commands, 2): textclf(home, *arguments)
    return str(file.relative_to(run))


def nan(home, room, rng):
    "A gradient that is no number at some step: nothing of it is kept."
    kind, attention = rng.choice(RUNS)
    run, step, skip = new_run(home, kind, attention), rng.randint(1, 20), rng.random() < .5
    config = run/"config.yaml"
    if skip: config.write_text(config.read_text().replace("on_nonfinite: stop", "on_nonfinite: skip"))
    def before():
        seen, add = [0], torch.optim.Optimizer.zero_grad
        def poisoned(self, *args, **kwargs):
            seen[0] += 1
            add(self, *args, **kwargs)
            weight = self.param_groups[0]["params"][0]
            if seen[0] == step: handle = weight.register_hook(lambda g: (handle.remove(), g*float("nan"))[1])
        torch.optim.Optimizer.zero_grad = poisoned
    code = ended(go_on(home, run, before))
    told(home, code)
    for file in (run/"checkpoints").glob("*.ckpt"):
        if any(not t.isfinite().all() for t in load_checkpoint(file)["model"].values() if t.is_floating_point()):
            raise Found(f"{file.name} holds NaN")
    return f"{kind} {attention}: step {step}, {'skip' if skip else 'stop'}, exit code {code}"


def memory(home, room, rng):
    "No memory at some product of a layer, for PyTorch, numpy or Python, or for anybody from then on: one line, and the run can go on."
    kind, attention = rng.choice(RUNS)
    plain, _ = undisturbed(room, kind, attention)
    run, number, who = new_run(home, kind, attention), rng.randint(1, 250), rng.choice(["torch", "numpy", "python", "limit"])
    def limit():
        now = psutil.Process().memory_info().vms
        resource.setrlimit(resource.RLIMIT_AS, (now + (1 << 22), resource.RLIM_INFINITY))
        return torch.empty(1 << 26)
    wants = {"torch": lambda: torch.empty(1 << 50), "numpy": lambda: np.empty(1 << 50), "python": lambda: bytearray(1 << 60),
             "limit": limit}
    def before():
        seen, product = [0], torch.nn.Linear.forward
        def starved(self, x):
            seen[0] += 1
            if seen[0] == number: wants[who]()
            return product(self, x)
        torch.nn.Linear.forward = starved
    code = ended(go_on(home, run, before))
    says = told(home, code)
    if code == 2 and "not enough memory" not in says: raise Found(f"was told: {says[-300:]}")
    finish(home, run, plain)
    return f"{kind} {attention}: {who} at product {number}, exit code {code}"


def lost(rng, parent):
    "A process of a suite that shall be killed: itself, one of loky's, or a kernel; and what it is."
    below = parent.children(recursive=True)
    found = {"kernel": [p for p in below if "ipykernel_launcher" in " ".join(p.cmdline())],
             "worker": [p for p in below if "loky" in " ".join(p.cmdline()) and "resource_tracker" not in " ".join(p.cmdline())],
             "suite": [parent]}
    what = rng.choice([k for k, v in found.items() if v])
    return what, rng.choice(found[what]), below


def new_suite(home, mechanisms):
    "A suite of a training for each mechanism, with its table and its notebook beside it."
    new_run(home, "finetuning", "mha")
    shutil.rmtree(home/"experiments")
    shutil.copy(Path(__file__).parents[1]/"experiments/train.ipynb", home)
    stage = {"notebook": "train", "name": "{variant}", "settings": {"architecture": {"attention": {"kind": "{variant}"}}}}
    tree = {"name": "s", "variants": {a: {} for a in mechanisms}, "settings": from_dotted(SMALL), "stages": {"train": stage}}
    (home/"s.yaml").write_text(yaml.safe_dump(tree))


def suites(home, room, rng):
    "A suite of two trainings side by side loses its process, a worker or a kernel, and is begun again: the same end, and nobody is left."
    mechanisms = rng.sample(["mha", "lsh", "favor"], 2)
    plain = {a: undisturbed(room, "finetuning", a)[0] for a in mechanisms}
    new_suite(home, mechanisms)
    told_of, code = [], None
    for _ in range(rng.randint(1, 2)):
        pid = child(home, ["suite", "retry", "s.yaml", "--jobs", "2"])
        time.sleep(rng.uniform(2, 15))
        try: what, process, below = lost(rng, psutil.Process(pid)); process.kill()
        except psutil.NoSuchProcess: what, below = "nobody", []
        code = ended(pid)
        told(home, code, (0, 1, -signal.SIGKILL))
        told_of.append(f"{what}→{code}")
        # a worker looks for its suite once it has imported what it needs: long on a busy machine
        if psutil.wait_procs(below, 120)[1]: raise Found("processes of a dead suite go on")
    if code != 0: told(home, ended(child(home, ["suite", "retry", "s.yaml", "--jobs", "2"])), (0,))
    for a in mechanisms: same(plain[a], home/"experiments/finetuning"/a)
    return f"{' '.join(mechanisms)}: {' '.join(told_of)}"


@contextmanager
def cluster(home):
    "A dask scheduler and one worker, which are ended afterwards with all below them; and where the scheduler is."
    where = home/"where.json"
    where.unlink(missing_ok=True)
    log = (home/"dask.log").open("a")
    def begin(what, *more):
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--scheduler-file", str(where), *more]
        return psutil.Popen(command, cwd=home, stdout=log, stderr=log)
    begun = [begin("scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0")]
    try:
        while not where.is_file(): time.sleep(.05)
        begun.append(begin("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(home/"dask")))
        yield json.loads(where.read_text())["address"], begun
    finally:
        below = [p for process in begun if process.poll() is None for p in (*process.children(recursive=True), process)]
        for p in below: p.kill()
        for process in begun: process.wait()
        log.close()


def dask(home, room, rng):
    "The scheduler, the worker or the suite is killed, at any moment; another cluster carries the suite to the same end."
    mechanism, victim = rng.choice(["mha", "lsh", "favor"]), rng.choice(["scheduler", "scheduler", "worker", "suite"])
    plain, seconds = undisturbed(room, "finetuning", mechanism)
    new_suite(home, [mechanism])
    run, asked = home/"experiments/finetuning"/mechanism, ["suite", "retry", "s.yaml", "--scheduler"]
    moment = rng.choice([home/"s.yaml", home/"experiments/.lock", run, run/"checkpoints/last.ckpt", run/"cell.json"])
    with cluster(home) as (address, (scheduler, worker)):
        pid = child(home, [*asked, address])
        while not moment.exists() and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE: time.sleep(.01)
        time.sleep(rng.uniform(0, seconds/3))
        killed = {"scheduler": scheduler, "worker": worker, "suite": psutil.Process(pid)}[victim]
        below = killed.children(recursive=True) if victim == "worker" else []   # a machine is gone whole
        for process in (killed, *below): process.kill()
        if victim == "worker": os.kill(pid, signal.SIGKILL)   # it would wait for another worker
        first = ended(pid)
        told(home, first, (0, 1, 2, -signal.SIGKILL))
    deadline = time.monotonic() + PATIENCE
    with cluster(home) as (address, _):
        while code := ended(child(home, [*asked, address])):   # a kernel of the first cluster looks once a second whether its parent lives
            says = told(home, code, (1,))
            if "runs elsewhere" not in says or time.monotonic() > deadline: raise Found(f"was told: {says[-300:]}")
        told(home, code)
    same(plain, run)
    left = [p.name for p in (home/"experiments").rglob(".*")]
    if left: raise Found(f"left behind: {left}")
    return f"{mechanism}: {victim} at {moment.name}→{first}"


# ---- in this process: texts, trees and tables that hypothesis makes; a line is a block of them

LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.integers(), max_size=2)

def paths(tree, prefix=""):
    return [p for k, v in tree.items() for p in [prefix + k, *(paths(v, f"{prefix}{k}.") if isinstance(v, dict) else [])]]

ALL = paths(ExperimentConfig.parse({"experiment": {"name": "a", "kind": "finetuning"}}).model_dump())


def aside(act):
    "Do it in a process of its own: threads that it starts (of tokenizers, of Arrow) are not there when the next child is forked."
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try: told = str(act())
        except Found as e: told = f"FOUND {e}"
        except BaseException as e: told = f"FOUND {type(e).__name__} {e!s:.300}"
        os.write(write, told.encode(errors="replace")[:4000])   # a pipe holds that much without a reader
        os._exit(0)
    os.close(write)
    code = ended(pid)
    with os.fdopen(read, "rb") as pipe: told = pipe.read().decode(errors="replace")
    if code: raise Found(f"exit code {code}")
    if told.startswith("FOUND "): raise Found(told.removeprefix("FOUND "))
    return told


def block(rng, strategy, use, examples):
    "`use` on so many examples: what it raises is a user's mistake told in one line, or a find."
    count = [0]
    @seed(rng.randrange(2**32))
    @settings(max_examples=examples, database=None, deadline=None, phases=[Phase.generate, Phase.shrink],
              suppress_health_check=list(HealthCheck))
    @given(strategy)
    def attack(x):
        count[0] += 1
        try: use(x)
        except Exception as e:
            if one_line(e) is None: raise Found(f"{x!r:.200}: {type(e).__name__}: {e!s:.200}") from e
    def count_them():
        attack()
        return f"{count[0]} cases"
    return aside(count_them)


def configs(home, room, rng):
    "One or two settings of a configuration replaced by anything."
    def use(changes):
        tree = {"experiment": {"name": "a", "kind": "finetuning"}}
        for path, value in changes:
            at, *rest = path.split(".")
            node = tree
            for key in rest:
                if not isinstance(node.get(at), dict): node[at] = {}
                node, at = node[at], key
            node[at] = value
        ExperimentConfig.parse(tree)
    return block(rng, st.lists(st.tuples(st.sampled_from(ALL), LEAF), min_size=1, max_size=2), use, 2000)


def yamls(home, room, rng):
    "Text that may be YAML."
    pieces = st.sampled_from(["a", ": ", "- ", "\n", "  ", "[", "]", "{", "}", "&x ", "*x", "!!python/name:os.system", "'", '"',
                              "2024-02-30", "1e400", "|", "\t", "<<"])
    return block(rng, st.lists(pieces | st.text(max_size=4), max_size=25).map("".join), parse_yaml, 3600)


def texts(home, room, rng):
    "Any text, surrogates included, has a label and a finite probability."
    model = Classifier(undisturbed(room, "finetuning", "mha")[0])
    def use(texts):
        for label, p in model.predict(texts):
            if label not in model.label_names or not 0 <= p <= 1: raise Found(f"{texts!r:.200}: {label} {p}")
    return block(rng, st.lists(st.text(st.characters(), max_size=60), min_size=1, max_size=3), use, 200)


def tables(home, room, rng):
    "A table whose bytes were changed."
    home.mkdir()
    good = "text,label\n" + "".join(f'"Draw, case {i}.",{"ab"[i % 2]}\n' for i in range(12))
    def use(change):
        at, data = change
        at %= len(good)
        (home/"t.csv").write_bytes(good.encode()[:at] + data + good.encode()[at + len(data):])
        load_corpus(DataConfig(corpus=str(home/"t.csv")))
    data = st.binary(max_size=4) | st.sampled_from([b'"', b"\n", b",", b"\0", b"\r", b"\xe2\x80\xa8"])
    return block(rng, st.tuples(st.integers(0, 10**6), data), use, 50)


KINDS = {f.__name__: f for f in (kill, stop, twice, disk, damage, nan, memory, configs, yamls, texts, tables, suites, dask)}


def one(kind, number, start, room):
    "One case: True if it held."
    home, began = room/f"{kind}-{number}", time.monotonic()
    try: outcome, held = KINDS[kind](home, room, random.Random(f"{start}-{kind}-{number}")), True
    except Found as e: outcome, held = f"FOUND {e}", False
    except Exception as e: outcome, held = f"FOUND {type(e).__name__} {e!s:.300}", False
    print(f"{'ok   ' if held else 'FAIL '}{kind:8s}{number:5d} {time.monotonic() - began:6.1f} s  {' '.join(outcome.split())}", flush=True)
    if not held: print(f"     repeat: {sys.executable} tests/torture.py --seed {start} --case {kind}:{number}", flush=True)
    shutil.rmtree(home, ignore_errors=True)
    return held


def siege(seconds, start, kinds=tuple(KINDS), case=None):
    "Cases in turn until the time is over; the number of those that failed."
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    counts, deadline = {}, time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="torture-") as room:
        os.environ["TEXTCLF_CACHE"] = f"{room}/cache"
        if case: return not one(case.split(":")[0], int(case.split(":")[1]), start, Path(room))
        number = 0
        while time.monotonic() < deadline:
            for kind in kinds:
                if time.monotonic() >= deadline: break
                counts.setdefault(kind, []).append(one(kind, number, start, Path(room)))
            number += 1
    print("\n" + "\n".join(f"{kind:8s} {len(held):5d} cases, {held.count(False)} failed" for kind, held in counts.items()))
    return sum(held.count(False) for held in counts.values())


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=10)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    arguments.add_argument("--without", nargs="+", default=[], choices=list(KINDS))
    arguments.add_argument("--case", help="KIND:NUMBER of one case")
    given_ = arguments.parse_args()
    sys.exit(1 if siege(given_.minutes*60, given_.seed, [k for k in given_.kinds if k not in given_.without], given_.case) else 0)
