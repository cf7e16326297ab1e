"""What chapters 25 and 28 cannot show in a page: odd runs, hostile names, other processes, real baselines through the report."""
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import f1_score

from textclf_nb.core import UserError
from textclf_nb.data.corpora import load_corpus
from textclf_nb.lab.baseline import run_baseline
from textclf_nb.lab.report import _width, collect, compare, paired_bootstrap, predictions, results_table, summarise

NAMES = np.array(["007", "null", "NA", "ż ó", "<b>&", "a,b\"c"])   # labels that CSV, HTML or pandas could spoil


def make_run(root, name, kind="finetuning", attention="mha", accuracy=.9, seed=0, n=300, status="finished", config=None, **facts):
    run_dir, rng = root / kind / name, np.random.default_rng(seed)
    labels = np.random.default_rng(99).integers(0, len(NAMES), n)
    predicted = np.where(rng.uniform(size=n) < accuracy, labels, rng.integers(0, len(NAMES), n))
    run = {"name": name, "kind": kind, "status": status, "seed": seed, "max_length": 64, "hardware": {"name": "a processor"},
        "attention": None if kind == "baseline" else attention, "corpus": {"name": "odd", "hash": "1234"}}
    if status == "finished" and kind != "pretraining":
        path = run_dir / "metrics/eval/predictions.csv"
        path.parent.mkdir(parents=True)
        pd.DataFrame({"label": NAMES[labels], "predicted": NAMES[predicted], "confidence": .5}).to_csv(path, index=False, encoding="utf-8")
        scores = {"f1_macro": f1_score(labels, predicted, average="macro"), "accuracy": float((labels == predicted).mean())}
        run |= {"results": {"val": scores, "test": scores}, "cost": {"seconds": 10., "seconds_per_epoch": 5., "peak_memory_mib": 100.}}
    run_dir.mkdir(parents=True, exist_ok=True)
    (run_dir / "run.json").write_text(json.dumps(run | facts))
    config = {"experiment": {"name": name, "seed": seed}} | (config or {"architecture": {"attention": {"kind": attention}}})
    (run_dir / "config.yaml").write_text(yaml.safe_dump(config))
    return run_dir


class Balanced(HTMLParser):
    "Complains about a tag that is closed without being open, or left open."
    def __init__(self): super().__init__(); self.open = []
    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img", "br"): self.open.append(tag)
    def handle_endtag(self, tag): assert self.open.pop() == tag


def test_odd_labels_and_hostile_names_survive(tmp_path):
    dirs = [make_run(tmp_path, "words", "baseline", accuracy=.6), make_run(tmp_path, "good", seed=1),
        make_run(tmp_path, "dead", status="failed", cause="<script>alert(1)</script> at step 3")]
    compare(dirs, tmp_path / "out")
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "<script" not in page and "&lt;script&gt;" in page
    parser = Balanced(); parser.feed(page); assert not parser.open
    assert not re.search(r"(src|href)=\"(?!data:)", page), "the page fetches something"
    assert sorted(set(predictions(dirs[1])[0])) == sorted(NAMES), "labels are text, whatever they look like"


def test_without_baseline_and_without_anything_finished(tmp_path):
    one = make_run(tmp_path, "alone")
    df = compare([one], tmp_path / "one")
    assert df.delta_pp.isna().all() and "no baseline" in df.why.item()
    young = make_run(tmp_path, "young", "pretraining", results={"val": {"loss": 3.2}}, cost={"seconds": 5.})
    df = compare([young, make_run(tmp_path, "dead", status="interrupted", cause="Ctrl-C")], tmp_path / "none")
    assert "no finished classifier" in results_table(df) and "Ctrl-C" in results_table(df)
    assert "nothing to rank" in (tmp_path / "none/report.html").read_text(encoding="utf-8")


def test_nan_result_is_left_out(tmp_path):
    dirs = [make_run(tmp_path, "words", "baseline", accuracy=.5), make_run(tmp_path, "nan", results={"test": {"f1_macro": float("nan")}})]
    assert summarise(collect(dirs)).configuration.tolist() == ["words"]
    assert "nan: finished, has no test macro-F1" in results_table(collect(dirs))


def test_seeds_are_grouped_but_settings_are_not(tmp_path):
    def config(s, rate):
        return {"training": {"learning_rate": rate}, "experiment": {"name": "x", "seed": s}, "pretrained_experiment": {"name": f"pre-s{s}"},
            "tokenizer": {"vocab_dir": f"experiments/pretraining/pre-s{s}/tokenizer"}}
    dirs = [make_run(tmp_path, f"a-s{s}", seed=s, config=config(s, 2e-3 if s == 3 else 1e-3)) for s in range(4)]
    configs = summarise(collect(dirs))
    assert sorted(configs.seeds) == [1, 3] and configs.configuration.is_unique
    assert configs.set_index("seeds").wnf2_stability[3] in ("PASS", "FAIL") and configs.set_index("seeds").wnf2_stability[1] == "-"
    assert len(summarise(collect(dirs + dirs))) == 2, "a directory named twice counts once"


@pytest.mark.parametrize("content, message", [("{", "run.json"), ("[]", "run.json"), ('{"name": "x"}', "status")])
def test_damaged_record_is_told_in_one_line(tmp_path, content, message):
    run = make_run(tmp_path, "damaged")
    (run / "run.json").write_text(content)
    with pytest.raises(UserError, match=message) as e: collect([run])
    assert "\n" not in str(e.value)


def test_different_test_documents_are_refused_and_nothing_is_written(tmp_path):
    dirs = [make_run(tmp_path, "a"), make_run(tmp_path, "b", corpus={"name": "odd", "hash": "other"})]
    with pytest.raises(UserError, match="different corpora"): compare(dirs, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(UserError, match="test labels differ"): compare([dirs[0], make_run(tmp_path, "c", n=299)], tmp_path / "out")
    (dirs[0] / "metrics/eval/predictions.csv").unlink()
    with pytest.raises(UserError, match="predictions.csv is missing"): compare(dirs[:1], tmp_path / "out")


def test_interval_covers_the_truth_about_95_times_in_100():
    "Two models of known accuracy on many test sets: the interval must contain the true difference nearly always, not always."
    rng, covered, k, n = np.random.default_rng(0), 0, 3, 400
    def answers(labels, accuracy):
        return np.where(rng.uniform(size=len(labels)) < accuracy, labels, (labels + rng.integers(1, k, len(labels))) % k)
    truth = .85 - .80   # with balanced classes and even errors macro-F1 is the accuracy, up to O(1/n)
    for i in range(200):
        labels = rng.integers(0, k, n)
        _, low, high = paired_bootstrap(labels, [answers(labels, .85)], [answers(labels, .80)], resamples=400, seed=i)
        covered += low <= truth <= high
    assert 180 <= covered <= 199, covered


def test_wide_names_fit_the_terminal(tmp_path):
    kinds = ["mha", ["mha", "lsh"], "favor"]
    dirs = [make_run(tmp_path, f"{'漢字' * 15}-{i}", seed=i, attention=a, config={"i": i}) for i, a in enumerate(kinds)]
    dirs += [make_run(tmp_path, "words" * 15, "baseline")]
    assert max(map(_width, results_table(collect(dirs)).splitlines())) <= 100


def test_same_runs_same_bytes_in_another_process(tmp_path):
    dirs = [make_run(tmp_path, "words", "baseline", accuracy=.6), *(make_run(tmp_path, f"m-s{s}", seed=s) for s in range(2))]
    code = "import sys; from textclf_nb.lab.report import compare; compare(sys.argv[2:], sys.argv[1])"
    compare(dirs, tmp_path / "one")
    call = [sys.executable, "-c", code, str(tmp_path / "two"), *map(str, dirs)]
    subprocess.run(call, check=True, env=os.environ | {"PYTHONHASHSEED": "7"})
    for name in ("results.csv", "report.html", "reproduce.sh", "figures/deltas.svg"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_script_is_valid_shell_and_writes_the_configurations(tmp_path):
    dirs = [make_run(tmp_path, "words", "baseline"), make_run(tmp_path, "m", command="echo 'own command'")]
    compare(dirs, tmp_path / "out")
    fake = tmp_path / "bin"; fake.mkdir()
    (fake / "textclf").write_text("#!/bin/sh\necho called \"$@\"\n"); (fake / "textclf").chmod(0o755)
    clone = tmp_path / "clone"; clone.mkdir()
    path = f"{fake}:{os.environ['PATH']}"
    def run(): return subprocess.run([tmp_path / "out/reproduce.sh"], cwd=clone, env={"PATH": path}, capture_output=True, text=True)
    first = run()
    assert first.returncode == 0, first.stderr
    assert "own command" in first.stdout and "called compare" in first.stdout
    assert (clone / "experiments/finetuning/m/config.yaml").read_text().strip() == (dirs[1] / "config.yaml").read_text().strip()
    again = run()
    assert again.returncode == 2 and "exists already" in again.stderr, "a second call must overwrite nothing"


def test_real_baselines_through_the_report(tmp_path):
    rows = [(f"{w} number {i} of a list", label) for i in range(60) for w, label in (("snow ice", "cold"), ("sun sand", "warm"))]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(tmp_path / "weather.csv", index=False)
    corpus = load_corpus(str(tmp_path / "weather.csv"))
    dirs = [tmp_path / "baseline" / name for name in ("one", "two")]
    for d in dirs: run_baseline(corpus, d)
    df = compare(dirs, tmp_path / "out")
    assert df.test_f1_macro.tolist() == [1., 1.] and df.status.tolist() == ["finished"] * 2
    assert df.delta_pp.dropna().tolist() in ([], [0.])


def test_failed_baseline_says_why(tmp_path):
    pd.DataFrame({"text": [f"{i} {i}" for i in range(40)], "label": ["a", "b"] * 20}).to_csv(tmp_path / "numbers.csv", index=False)
    corpus = load_corpus(str(tmp_path / "numbers.csv"))
    with pytest.raises(UserError, match="lower min_df"): run_baseline(corpus, tmp_path / "baseline/x")
    facts = json.loads((tmp_path / "baseline/x/run.json").read_text())
    assert facts["status"] == "failed" and "min_df" in facts["cause"] and not (tmp_path / "baseline/x/model").exists()
