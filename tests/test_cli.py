"""The installed command as a user calls it, in an empty folder: its training in a process of its own, the rest here, which is faster."""
import contextlib
import errno
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from safetensors.torch import load_file, save_file

from textclf_nb.lab.runs import from_dotted, new_experiment
from textclf_nb.lab.verdicts import collect
from textclf_nb.training.checkpoints import load_checkpoint, save_checkpoint
from textclf_nb.use.cli import main

SMALL = ["architecture.embedding_dim=16", "architecture.num_layers=1", "architecture.mlp_size=32",
         "architecture.attention.num_heads=2", "tokenizer.vocab_size=300", "tokenizer.max_length=32",
         "training.epochs=2", "training.batch_size=16", "training.learning_rate=0.01", "logging.use_wandb=false"]


def textclf(cwd, *args, code=0):
    command = [str(Path(sys.executable).parent / "textclf"), *map(str, args)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env={**os.environ, "WANDB_MODE": "offline", "COLUMNS": "200"})
    assert done.returncode == code, done.stderr[-3000:]
    return done


def here(cwd, *args, code=0):
    "The same call in this process; returns what it printed."
    before, out, argv = os.getcwd(), io.StringIO(), sys.argv
    try:
        os.chdir(cwd)
        sys.argv = ["textclf", *map(str, args)]
        with contextlib.redirect_stdout(out), pytest.raises(SystemExit) as stopped: main()
    finally:
        os.chdir(before)
        sys.argv = argv
    assert (stopped.value.code or 0) == code, out.getvalue()
    return out.getvalue()


@pytest.fixture
def mistake(monkeypatch, capsys):
    "Call the command's entry point in this process, where it starts faster, and return its one line of error."
    def call(cwd, *args):
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["textclf", *map(str, args)])
        with pytest.raises(SystemExit) as stopped: main()
        out, err = capsys.readouterr()
        assert stopped.value.code == 2 and out == "" and len(err.strip().splitlines()) == 1 and err.startswith("textclf: "), err
        return err
    return call


def test_a_url_is_no_root(tmp_path, mistake):
    for call in (["runs"], ["new", "finetuning", "a"], ["suite", "plan", "demo"], ["compare", "a"]):
        assert "a URL does not offer: give a directory" in mistake(tmp_path, *call, "--root", "s3://bucket/runs")
    assert not any(tmp_path.iterdir()), "no folder is called s3:"


def test_weights_are_not_divided_in_silence(tmp_path, mistake, monkeypatch):
    "What `accelerate launch --use_fsdp` tells its processes."
    run_dir = new_experiment("finetuning", "a", tmp_path / "experiments")
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    assert "--use_fsdp: weights are not divided here" in mistake(tmp_path, "train", "a")
    assert [p.name for p in run_dir.iterdir() if p.name != ".lock"] == ["config.yaml"]


def sets(*pairs):
    return [x for pair in pairs for x in ("--set", pair)]


def rows(n=40):
    texts = [("Return the sine of each element.", "maths"), ("Draw a line through the points.", "plots")]
    return pd.DataFrame([(f"{t} Case {i}.", label) for i in range(n) for t, label in texts], columns=["text", "label"])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    user = tmp_path_factory.mktemp("user")
    rows().to_csv(user / "mine.csv", index=False)
    here(user, "new", "finetuning", "mine", *sets("data.corpus=mine.csv", *SMALL))
    textclf(user, "train", "mine")
    return user


def test_own_csv_from_file_to_prediction(trained):
    out = here(trained, "predict", "experiments/finetuning/mine", "Draw the points.", "the sine of it")
    assert [line.split("\t")[0] for line in out.splitlines()] == ["plots", "maths"]
    rows(2).drop(columns="label").to_csv(trained / "new.csv", index=False)
    answers = here(trained, "predict", "mine", "--file", "new.csv", "--device", "cpu").splitlines()
    assert answers[0] == "text,predicted,probability" and len(answers) == 5
    assert "f1_macro" in here(trained, "eval", "mine")
    events = (trained / "experiments/finetuning/mine/events.jsonl").read_text().splitlines()
    assert {"event": "scored", "file": None, "texts": {"val": 8, "test": 8}}.items() <= json.loads(events[-1]).items()
    listed = [line.split() for line in here(trained, "runs").splitlines()]
    assert ["finetuning", "mine", "finished", "mha", "f1_macro"] in [x[:5] for x in listed]


def test_the_run_directory_keeps_its_contract(trained):
    run = trained / "experiments" / "finetuning" / "mine"
    for path in ("config.yaml", "checkpoints/best-model.ckpt", "checkpoints/model.ckpt", "checkpoints/last.ckpt",
                 "metrics/train/metrics.csv", "metrics/eval/metrics.csv", "metrics/eval/predictions.csv", "events.jsonl", "run.json"):
        assert (run / path).is_file(), path
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "finished" and record["cause"] is None and record["corpus"]["hash"]
    assert {"versions", "hardware", "cost", "results"} <= set(record)


def bad_data(here, name, frame=None, raw=None):
    if raw is not None: (here / name).write_bytes(raw)
    else: frame.to_csv(here / name, index=False)
    return here / name


MISTAKES = {
    "unknown key": ["new", "finetuning", "x", *sets("training.epoch=3")],
    "wrong type": ["new", "finetuning", "x", *sets("training.epochs=many")],
    "name with a slash": ["new", "finetuning", "a/b"],
    "name with dots": ["new", "finetuning", ".."],
    "name taken": ["new", "finetuning", "mine"],
    "no such template": ["new", "finetuning", "x", "--template", "no.yaml"],
    "no such pretraining": ["new", "finetuning", "x", "--from", "no"],
    "no such run": ["train", "nowhere"],
    "no such suite": ["suite", "run", "no.yaml"],
    "trained already": ["train", "mine"],
    "empty text": ["predict", "mine", "  "],
    "no such column": ["predict", "mine", "--file", "mine.csv", "--column", "body"],
    "a file for a directory": ["new", "finetuning", "x", "--root", "mine.csv"],
    "no such device": ["cost", "attention", "--device", "gpu"],
    "no such mechanism": ["cost", "model", "--attention", "flash"],
    "what the command itself says": ["new", "finetuning", "x", *sets("experiment.name=y")],
    "a section for a value": ["corpus", "show", "mine.csv", *sets("data=3")],
    "another section": ["corpus", "show", "mine.csv", *sets("training.epochs=3")],
}


@pytest.mark.parametrize("arguments", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_and_exit_code_2(trained, mistake, arguments):
    before = sorted(p for p in (trained / "experiments").rglob("*"))
    mistake(trained, *arguments)
    assert sorted(p for p in (trained / "experiments").rglob("*")) == before, "something was written"


CORPORA = {   # name: a table, or bytes
    "missing": (None, None),
    "empty": (None, b""),
    "header only": (None, b"text,label\n"),
    "not utf-8": (None, b"text,label\n\xff\xfe\xfa,a\n"),
    "one class": (rows().assign(label="same"), None),
    "empty text": (rows().assign(text=lambda t: t.text.where(t.index != 3, "  ")), None),
    "no text": (rows().assign(text=lambda t: t.text.where(t.index != 3)), None),
    "no column": (rows().rename(columns={"text": "body"}), None),
}


@pytest.mark.parametrize("name", CORPORA)
def test_a_corpus_that_cannot_be_used_is_told_in_one_line(tmp_path, mistake, name):
    frame, raw = CORPORA[name]
    path = tmp_path / "bad.csv" if name == "missing" else bad_data(tmp_path, "bad.csv", frame, raw)
    new_experiment("finetuning", "x", tmp_path / "experiments", settings=from_dotted([f"data.corpus={path}", *SMALL]))
    assert "bad.csv" in mistake(tmp_path, "train", "x")
    assert [p.name for p in (tmp_path / "experiments/finetuning/x").rglob("*")] == ["config.yaml"]


SUITES = {   # what is wrong in a suite of one stage, and what is said of it
    "a brace too few": ('{notebook: train, name: "w-{variant"}', "no pattern"),
    "no such key": ('{notebook: train, name: "w-{variant.x}"}', "variant 'mha' has no 'x'"),
    "no such axis": ('{notebook: train, name: "w-{varient}"}', "did you mean 'variant'"),
    "a name that is no directory": ('{notebook: train, name: "a/{variant}"}', "cannot name a directory"),
    "unknown setting": ("{notebook: train, settings: {training: {epoch: 1}}}", "did you mean 'epochs'"),
    "unknown parameter": ("{notebook: train, parameters: {king: finetuning}}", "did you mean 'kind'"),
    "unknown stage": ("{notebook: train, source: pretrain}", "unknown stage 'pretrain'"),
    "a circle": ("{notebook: train, source: a}", "in a circle: a → a"),
    "two with one name": ('{notebook: train, name: w, settings: {architecture: {attention: "{variant.attention}"}}}', "would both write"),
    "unknown notebook": ("{notebook: trian}", "notebook 'trian'"),
    "no such point": ('{notebook: train, name: "{variant}", where: {variant: [lsh]}}', "unknown point 'lsh'"),
    "variants that nobody reads": ("{notebook: train}", 'no stage varies along variant: write "{variant}"'),
    "no format of Python's": ('{notebook: train, name: "{variant:04d}"}', "Unknown format code 'd'"),
    "restricted to nothing": ('{notebook: train, name: "{variant}", where: {variant: []}}', "names no point"),
    "a name among the parameters": ("{notebook: train, parameters: {name: b}}", "give it as the stage's `name`"),
    "expected otherwise": ('{notebook: train, name: "{variant}", expected: {text: 3, tokens: 4}}', "did you mean 'texts'"),
    "an exchange that shapes weights": ("{notebook: train, source: wiki-mini, settings: "
                                        "{pretrained_experiment: {attention: {kind: lsh, num_heads: 1}}}}", "shapes weights"),
}


@pytest.mark.parametrize("name", SUITES)
def test_a_suite_that_cannot_run_is_told_before_it_begins(tmp_path, mistake, name):
    stage, says = SUITES[name]
    here = Path(__file__).parents[1] / "experiments" / "train.ipynb"
    (tmp_path / "train.ipynb").write_bytes(here.read_bytes())
    (tmp_path / "bad.yaml").write_text("name: bad\nvariants: {mha: {attention: {kind: mha}}, favor: {attention: {kind: favor}}}\n"
                                       f"stages:\n  a: {stage}\n")
    assert says in mistake(tmp_path, "suite", "run", "bad.yaml")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.yaml", "train.ipynb"]


def test_a_damaged_record_is_told(trained, mistake, tmp_path):
    (tmp_path / "experiments/finetuning/x").mkdir(parents=True)
    run = tmp_path / "experiments/finetuning/x"
    (run / "config.yaml").write_bytes((trained / "experiments/finetuning/mine/config.yaml").read_bytes())
    (run / "run.json").write_text("{")
    assert "run.json is damaged" in mistake(tmp_path, "train", "x")


def test_a_baseline_that_failed_can_be_fitted_again(trained, mistake):
    assert "min_df" in mistake(trained, "baseline", "words", *sets("data.corpus=mine.csv", "baseline.min_df=100000"))
    here(trained, "baseline", "words", *sets("data.corpus=mine.csv"))
    answers = [here(trained, "predict", f"experiments/baseline/{p}", "Draw the points.") for p in ("words", "words/model")]
    assert answers[0] == answers[1] and answers[0].startswith("plots")
    assert "f1_macro" in here(trained, "eval", "words")
    assert "unknown device 'tpu'" in mistake(trained, "predict", "words", "Draw it.", "--device", "tpu")   # though counting needs none


def test_a_label_unseen_in_training_is_named(trained, mistake):
    path = bad_data(trained, "unseen.csv", rows(2).assign(label="poetry"))
    line = mistake(trained, "eval", "mine", "--file", path)
    assert "poetry" in line and "maths" in line


def test_in_a_process_of_its_own_a_mistake_leaves_with_code_2_and_no_traceback(trained):
    assert "did you mean 'epochs'" in textclf(trained, "new", "finetuning", "x", *sets("training.epoch=3"), code=2).stderr


def test_help_and_version_load_nothing_that_takes_time():
    "The ceiling is on modules, not on seconds: a time would hang on the machine."
    script = "import sys\nfrom textclf_nb.use.cli import main\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    for arguments in (["--help"], ["train", "-h"], ["cost", "--help"], ["--version"]):
        done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
        # (typer itself takes pydantic when a command has arguments)
        heavy = {"torch", "numpy", "pandas", "yaml", "datasets", "sklearn", "matplotlib", "rich", "textclf_nb.core"}
        assert "typer" in done.stderr.split() and not heavy & set(done.stderr.split())
        assert "Usage" in done.stdout or done.stdout.startswith("textclf-nb ")


def test_a_shell_completes_commands_and_their_commands():
    "What bash asks when Tab is pressed after `textclf suite re`."
    asked = {**os.environ, "_TEXTCLF_COMPLETE": "complete_bash", "COMP_WORDS": "textclf suite re", "COMP_CWORD": "2"}
    done = subprocess.run([sys.executable, "-m", "textclf_nb.use.cli"], capture_output=True, text=True, env=asked, check=True)
    assert done.stdout.split() == ["retry"]


@pytest.mark.parametrize("name", ["ENOSPC", "EROFS", "EACCES", "ENAMETOOLONG"])
def test_what_the_machine_refuses_is_one_line(tmp_path, mistake, monkeypatch, name):
    def refuse(*args, **kwargs): raise OSError(getattr(errno, name), os.strerror(getattr(errno, name)), "experiments")
    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    assert name in mistake(tmp_path, "new", "finetuning", "x")
    assert not list(tmp_path.rglob("config.yaml"))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no place here in which nothing can be made")
def test_where_nothing_can_be_made_is_one_line(trained, mistake):
    for call in (["new", "finetuning", "x", "--root", "/proc/x"], ["baseline", "x", "--root", "/proc/x", *sets("data.corpus=mine.csv")],
            ["predict", "mine", "--file", "mine.csv", "--out", "/proc/x/answers.csv"], ["export", "hf", "mine", "/proc/x"]):
        assert "nothing can be made there" in mistake(trained, *call)


def test_without_a_home_the_cache_is_asked_for(tmp_path, mistake, monkeypatch):
    def no_home(path): raise RuntimeError("Could not determine home directory.")
    monkeypatch.delenv("TEXTCLF_CACHE", raising=False)
    monkeypatch.setattr(Path, "expanduser", no_home)
    assert "set HOME or TEXTCLF_CACHE" in mistake(tmp_path, "corpus", "show", "docstrings")


def test_a_terminal_that_knows_only_ascii(tmp_path):
    command, ascii_only = [Path(sys.executable).parent / "textclf", "runs", "--root", "żółw"], {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, env=ascii_only)
    assert done.returncode == 0 and done.stdout.startswith(b"no runs under \\u")


YAMLS = {   # a template, and what is said of it
    "a key twice": ("training: {epochs: 1}\ntraining: {epochs: 2}", "stands twice"),
    "a key that is a number": ("1: 2", "not text"),
    "no such day": ("training: {epochs: 2024-02-30}", "training.epochs"),
    "5,000 digits": ("training: {epochs: " + "9" * 5000 + "}", "bad.yaml"),
    "deep nesting": ("a: " + "[" * 20000, "nested too deeply"),
    "a tree within itself": ("data: &x {y: *x}", "Circular"),
    "a Python object": ("data: !!python/object/apply:os.system [ls]", "constructor"),
}


@pytest.mark.parametrize("name", YAMLS)
def test_odd_yaml_is_refused_in_one_line(tmp_path, mistake, name):
    text, says = YAMLS[name]
    (tmp_path / "bad.yaml").write_text(text)
    assert says in mistake(tmp_path, "new", "finetuning", "x", "--template", "bad.yaml")


def test_a_name_shared_by_two_kinds_asks_for_the_kind(trained, mistake):
    here(trained, "new", "pretraining", "mine", *sets("data.corpus=mine.csv"))
    try:
        for verb in ("eval", "train"): assert "write finetuning/mine or pretraining/mine" in mistake(trained, verb, "mine")
        assert "f1_macro" in here(trained, "eval", "finetuning/mine")
    finally: shutil.rmtree(trained / "experiments/pretraining")


READ_A_RUN = {   # every command that is given a run, and what else it asks for
    "train": [], "eval": [], "predict": ["a text"], "generate": [], "compare": [], "maps": ["a text"], "ui": [],
    "blend": ["mixed", "nobody", "nobody"], "export hf": ["out"], "export onnx": ["out"], "cost parameters": [], "cost exchange": [],
    "cost adapt": ["--case", "favor"], "cost predict": ["--file", "mine.csv"]}


@pytest.mark.parametrize("command", READ_A_RUN)
def test_every_command_looks_for_a_run_under_its_root(trained, mistake, command):
    run = [] if command == "blend" else ["nobody"]
    says = mistake(trained, *command.split(), *run, *READ_A_RUN[command], "--root", "elsewhere")
    assert says.startswith("textclf: nobody: no such run") and "elsewhere/nobody, elsewhere/*/nobody" in says


@pytest.mark.parametrize("command", ["predict", "eval", "maps"])
def test_a_command_that_reads_texts_is_told_the_device(trained, mistake, command):
    text = [] if command == "eval" else ["a text"]
    assert "cuda:99" in mistake(trained, command, "mine", *text, "--device", "cuda:99")


REFUSED = {   # a setting that cannot work, and what is said before anything is written
    "one file for two histories": ("logging.csv_train_metrics_path=./metrics/eval/metrics.csv", "give two"),
    "a history in place of the answers": ("logging.csv_eval_metrics_path=predictions.csv", "answers"),
    "a metric of the other kind": ("training.monitor=perplexity", "monitor"),
    "a device for which nothing is built": ("training.device=mps", "training.device"),
    "a seed of 64 bits": (f"experiment.seed={2**64 - 1}", "experiment.seed"),
    "a split of 64 bits": (f"data.split_seed={2**64 - 1}", "data.split_seed"),
    "without an end": ("training.epochs=10000000", "training.epochs"),
    "an infinite rate": ("training.learning_rate=.inf", "finite"),
    "an infinite option of a mechanism": ("architecture.attention.favor.eps=.inf", "finite"),
    "more pieces than there are words": ("tokenizer.vocab_size=100000000000", "vocab_size"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_setting_that_cannot_work_is_refused_at_once(tmp_path, mistake, name):
    setting, says = REFUSED[name]
    kind = ["architecture.attention.kind=favor"] if "favor" in setting else []
    assert says in mistake(tmp_path, "new", "finetuning", "x", *sets(*kind, setting))
    assert not list(tmp_path.iterdir())


def test_a_metric_of_a_classifier_is_none_of_pretraining(tmp_path, mistake):
    assert "f1_macro is no metric of pretraining" in mistake(tmp_path, "new", "pretraining", "x", *sets("training.monitor=f1_macro"))


def test_memory_that_is_not_there_is_one_line(tmp_path, mistake):
    rows().to_csv(tmp_path / "mine.csv", index=False)
    wide = from_dotted(["data.corpus=mine.csv", *SMALL, f"architecture.embedding_dim={2**40}"])
    new_experiment("finetuning", "x", tmp_path / "experiments", settings=wide)
    assert "not enough memory" in mistake(tmp_path, "train", "x")


@pytest.mark.parametrize("content", ["", '{"label_names": ["ma', "[]", "null", '{"label_names": 3}'])
def test_a_damaged_model_directory_is_one_line(trained, mistake, tmp_path, content):
    shutil.copytree(trained / "experiments/finetuning/mine/model", tmp_path / "model")
    (tmp_path / "model/use.json").write_text(content)
    assert "use.json is damaged" in mistake(tmp_path, "predict", "model", "Draw it.")


@pytest.mark.parametrize("record", ["[]", "null", '{"status": "running", "process": []}',
                                    '{"status": "running", "process": {"id": "x", "since": 1}}'])
def test_an_odd_record_does_not_hide_the_other_runs(trained, record):
    run = trained / "experiments/finetuning/odd"
    run.mkdir()
    (run / "config.yaml").write_text("{}")
    (run / "run.json").write_text(record)
    try: listed = here(trained, "runs")
    finally: shutil.rmtree(run)
    assert ("interrupted" if "running" in record else "damaged") in listed and "mine" in listed


def test_half_a_surrogate_pair_is_answered_into_a_file(trained):
    (trained / "half.jsonl").write_text(json.dumps({"text": "Draw the \ud800 points."}))
    here(trained, "predict", "mine", "--file", "half.jsonl", "--out", "half.csv")
    assert pd.read_csv(trained / "half.csv").text.tolist() == ["Draw the \\ud800 points."]


def test_a_probability_that_is_no_number_is_not_told_as_an_answer(trained, mistake, tmp_path):
    shutil.copytree(trained / "experiments/finetuning/mine/model", tmp_path / "model")
    weights = load_file(tmp_path / "model/model.safetensors")
    save_file({name: w * float("nan") for name, w in weights.items()}, tmp_path / "model/model.safetensors", {"format": "pt"})
    assert "a probability is not a number" in mistake(tmp_path, "predict", "model", "Draw it.")


def test_a_run_writes_into_its_directory_and_the_cache_and_nowhere_else(tmp_path, monkeypatch):
    work, home, cache, temporary = places = [tmp_path / name for name in ("work", "home", "cache", "temporary")]
    for place in places: place.mkdir()
    for name, place in (("HOME", home), ("TEXTCLF_CACHE", cache), ("TMPDIR", temporary)): monkeypatch.setenv(name, str(place))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    rows().to_csv(work / "mine.csv", index=False)
    here(work, "new", "finetuning", "x", *sets("data.corpus=mine.csv", *SMALL))
    here(work, "train", "x")
    assert not list(home.iterdir()) and {p.name for p in work.iterdir()} == {"mine.csv", "experiments"}
    assert not [p for p in temporary.iterdir() if not p.name.startswith("torchinductor")], "PyTorch's compiler makes itself a folder"
    assert all(work / "experiments/finetuning/x" in p.parents for p in (work / "experiments").rglob("*") if p.is_file())
    assert {p.name for p in cache.iterdir()} <= {"tokenized", "tokenizers", "leaks", "precision.json"}


def copied(trained, name, status=None):
    "A copy of the trained run under another name."
    run = trained / "experiments/finetuning" / name
    shutil.copytree(trained / "experiments/finetuning/mine", run)
    config = (run / "config.yaml").read_text().replace("name: mine", f"name: {name}")
    (run / "config.yaml").write_text(config)
    if status: (run / "run.json").write_text((run / "run.json").read_text().replace('"finished"', f'"{status}"', 1))
    return run


def test_any_checkpoint_of_a_run_can_be_gone_on_from(trained, mistake):
    "One of a version, too, that had fewer settings of training, data and model."
    run = copied(trained, "again", "interrupted")
    try:
        best = load_checkpoint(run / "checkpoints/best-model.ckpt")
        for new in ("label_smoothing", "data.limit", "architecture.norm", "architecture.attention.qk_norm"): del best["identity"][new]
        save_checkpoint(run / "checkpoints/best-model.ckpt", best)
        assert "no checkpoint" in mistake(trained, "train", "again", "--from-checkpoint", "first.ckpt")
        (run / "run.json").write_text((run / "run.json").read_text().replace('"failed"', '"interrupted"', 1))
        here(trained, "train", "again", "--from-checkpoint", "best-model.ckpt")
        mine = trained / "experiments/finetuning/mine"
        for file in ("metrics/eval/metrics.csv", "model/model.safetensors", "metrics/eval/predictions.csv"):
            assert (run / file).read_bytes() == (mine / file).read_bytes(), file
    finally: shutil.rmtree(run)


def test_a_finished_run_is_trained_for_longer(trained, mistake):
    "The line told to who resumes it is a command that works; what it makes starts from the best checkpoint, and its price is known."
    says = mistake(trained, "train", "mine", "--resume")
    command = says.partition("to train on from it: textclf ")[2].split()
    assert command == ["new", "finetuning", "NAME", "--from", "finetuning/mine", *sets("training.epochs=2")]
    here(trained, *["longer" if word == "NAME" else word for word in command], *sets("training.epochs=1"))
    mine, longer = (trained / "experiments/finetuning" / name for name in ("mine", "longer"))
    try:
        assert "starts from finetuning/mine, checkpoint best-model.ckpt, step" in here(trained, "train", "longer")
        was, now = (json.loads((run / "run.json").read_text()) for run in (mine, longer))
        best = {"step": was["best"]["step"], "epoch": was["best"]["epoch"]}
        assert now["started_from"] == {"name": "finetuning/mine", "checkpoint": "best-model.ckpt"} | best
        assert (now["corpus"], now["max_length"], now["cost"]["steps"]) == (was["corpus"], was["max_length"], was["cost"]["steps"] // 2)
        row = collect([longer]).iloc[0]
        assert row.ancestors == "finetuning/mine" and row.chain_seconds == was["cost"]["seconds"] + now["cost"]["seconds"]
    finally: shutil.rmtree(longer)


@pytest.mark.parametrize("source, setting, words", [
    ("mine", "training.epochs=1", "write finetuning/mine"), ("finetuning/none", "training.epochs=1", "no finetuning run in experiments"),
    ("finetunin/mine", "training.epochs=1", "did you mean 'finetuning'"), ("../finetuning/mine", "training.epochs=1", "unknown task"),
    ("pictures/mine", "training.epochs=1", "cannot start from a pictures run"),
    ("finetuning/mine", "tokenizer.vocab_size=9", "comes from 'finetuning/mine'")])
def test_what_cannot_be_trained_for_longer_is_one_line(trained, mistake, source, setting, words):
    assert words in mistake(trained, "new", "finetuning", "x", "--from", source, *sets(setting))
    assert not (trained / "experiments/finetuning/x").exists()


def test_a_head_goes_on_with_its_own_labels_and_new_questions_only(trained, mistake):
    "Both are told when the corpus is read, and nothing is trained."
    rows().replace({"label": {"plots": "drawing"}}).to_csv(trained / "other.csv", index=False)
    for settings, words in ((["data.corpus=other.csv", *SMALL[-4:]], "knows the labels maths, plots, the corpus has drawing, maths"),
            (["data.split_seed=5"], "texts of val and test were learnt by finetuning/mine")):
        here(trained, "new", "finetuning", "x", "--from", "finetuning/mine", *sets(*settings))
        try: assert words in mistake(trained, "train", "x") and not (trained / "experiments/finetuning/x/checkpoints").exists()
        finally: shutil.rmtree(trained / "experiments/finetuning/x")


def test_a_new_run_starts_from_one_that_never_came_to_its_end(trained, mistake):
    "As the message says that refuses to go on with other settings."
    run = copied(trained, "cut", "interrupted")
    shutil.rmtree(run / "model")
    try:
        (run / "config.yaml").write_text((run / "config.yaml").read_text().replace("batch_size: 16", "batch_size: 8"))
        assert "batch_size was 16, is 8" in mistake(trained, "train", "cut", "--resume")
        here(trained, "new", "finetuning", "after", "--from", "finetuning/cut", *sets("training.epochs=1"))
        assert "starts from finetuning/cut" in here(trained, "train", "after")
    finally:
        for name in ("cut", "after"): shutil.rmtree(run.parent / name, ignore_errors=True)


def test_a_corpus_that_changed_is_not_scored(trained, mistake, tmp_path):
    run, data = copied(trained, "moved"), (trained / "mine.csv").read_bytes()
    try:
        (trained / "mine.csv").write_bytes(data.replace(b"Case 3.", b"Case three."))
        assert "the corpus was" in mistake(trained, "eval", "moved")
        (run / "config.yaml").write_text("{}")
        assert "no section data" in mistake(trained, "eval", "moved")
    finally:
        (trained / "mine.csv").write_bytes(data)
        shutil.rmtree(run)


def test_histories_elsewhere_are_drawn_and_damaged_ones_told(trained, mistake):
    run = copied(trained, "elsewhere")
    try:
        os.rename(run / "metrics/train/metrics.csv", run / "steps.csv")
        config = (run / "config.yaml").read_text().replace("path: metrics/train/metrics.csv", "path: steps.csv")
        (run / "config.yaml").write_text(config)
        here(trained, "compare", "elsewhere", "--out", "drawn")
        assert (trained / "drawn/figures/losses.svg").is_file()
        (run / "steps.csv").write_bytes(b"\xff\xfe\x00")
        assert "steps.csv is damaged" in mistake(trained, "compare", "elsewhere", "--out", "drawn")
    finally: shutil.rmtree(run)
