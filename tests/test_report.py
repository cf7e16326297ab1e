"""What chapters 25, 27 and 28 cannot show: odd runs, hostile names, other processes, a browser, real baselines through the report."""
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import f1_score

from textclf_nb.core import UserError
from textclf_nb.data.corpora import DataConfig, load_corpus
from textclf_nb.lab.baseline import BaselineConfig, run_baseline
from textclf_nb.lab.report import Comparison, _width, compare, keep, results_table
from textclf_nb.lab.runs import SMOKE, new_experiment, run_experiment
from textclf_nb.lab.verdicts import collect, made_up_run, made_up_study, paired_bootstrap, predictions, summarise

ROOT = Path(__file__).parents[1]
# labels that CSV, HTML, matplotlib or pandas could spoil
NAMES = np.array(["007", "null", "NA", "ż ó", "<b>&", "a,b\"c", "two\nlines", "line\u2028sep", "$\\frac{1}$", "x" * 20_000])


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
        if tag not in ("meta", "img", "br", "link"): self.open.append(tag)
    def handle_endtag(self, tag): assert self.open.pop() == tag


def test_odd_labels_and_hostile_names_survive(tmp_path):
    dirs = [make_run(tmp_path, "words", "baseline", accuracy=.6), make_run(tmp_path, "good", seed=1),
        make_run(tmp_path, "dead", status="failed", cause="<script>alert(1)</script> at step 3"),
        make_run(tmp_path, "half", status="failed", cause="half a pair: \ud800")]
    compare(dirs, tmp_path / "out", reference={"<b>table 1": {"good": 50, "<i>": 51.5}})
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    assert ">nan<" not in page and ">None<" not in page, "what is not there is a dash"
    parser = Balanced(); parser.feed(page); assert not parser.open
    assert not re.search(r"(src|href)=\"(?!data:)", page), "the page fetches something"
    assert sorted(set(predictions(dirs[1]).label)) == sorted(NAMES), "labels are text, whatever they look like"


def test_without_baseline_and_without_anything_finished(tmp_path):
    one = make_run(tmp_path, "alone")
    found = compare([one], tmp_path / "one", requirements="thesis")
    assert found.runs.vs_baseline_pp.isna().all()
    assert {q: w for q, w, _ in found.configs.judged[0]} == {"WNF-2 quality": "NOT MEASURED", "WNF-2 stability": "NOT MEASURED"}
    young = make_run(tmp_path, "young", "pretraining", results={"val": {"loss": 3.2}}, cost={"seconds": 5.})
    found = compare([young, make_run(tmp_path, "dead", status="interrupted", cause="Ctrl-C")], tmp_path / "none")
    assert "no finished classifier" in results_table(found) and "Ctrl-C" in results_table(found)
    assert "nothing to rank" in (tmp_path / "none/report.html").read_text(encoding="utf-8")


def test_nan_result_is_left_out(tmp_path):
    dirs = [make_run(tmp_path, "words", "baseline", accuracy=.5), make_run(tmp_path, "nan", results={"test": {"f1_macro": float("nan")}})]
    runs = collect(dirs)
    configs = summarise(runs)
    assert configs.configuration.tolist() == ["words"]
    assert "nan: finished, has no test macro-F1" in results_table(Comparison(runs, configs))


def test_seeds_are_grouped_but_settings_are_not(tmp_path):
    def config(s, rate):
        return {"training": {"learning_rate": rate}, "experiment": {"name": "x", "seed": s}, "pretrained_experiment": {"name": f"pre-s{s}"},
            "tokenizer": {"vocab_dir": f"experiments/pretraining/pre-s{s}/tokenizer"}}
    dirs = [make_run(tmp_path, f"a-s{s}", seed=s, config=config(s, 2e-3 if s == 3 else 1e-3)) for s in range(4)]
    configs = summarise(collect(dirs), "thesis").set_index("seeds")
    assert sorted(configs.index) == [1, 3] and configs.configuration.is_unique
    stability = {n: {q: w for q, w, _ in configs.judged[n]}["WNF-2 stability"] for n in (1, 3)}
    assert stability[3] in ("PASS", "FAIL") and stability[1] == "NOT MEASURED"
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
    (dirs[0] / "metrics/eval/predictions.csv").write_text("")
    with pytest.raises(UserError, match="damaged"): compare(dirs[:1], tmp_path / "out")
    (dirs[0] / "metrics/eval/predictions.csv").unlink()
    with pytest.raises(UserError, match="predictions.csv is missing"): compare(dirs[:1], tmp_path / "out")


@pytest.mark.parametrize("seeds, sd, least", [(1, 0., .91), (3, 0., .93), (3, .03, .89), (5, .03, .90)])
def test_interval_covers_the_truth(seeds, sd, least):
    """Two configurations of known quality, many studies: the interval holds the true difference about as often as it says.

    200 studies know a share of 0.95 to ± 0.03 (two standard errors); the bounds are four of them below what 300 studies gave
    (0.96, 1.00, 0.94, 0.95). Drawing documents only covered 0.54 and 0.57 of the last two."""
    rng, covered, n = np.random.default_rng(0), 0, 400
    for i in range(200):
        labels, hard = rng.integers(0, 3, n), rng.uniform(size=n)
        def answers(quality, labels=labels, hard=hard):
            easy = (hard + .3 * rng.uniform(size=n)) % 1 < quality + rng.normal(scale=sd)
            return np.where(easy, labels, (labels + rng.integers(1, 3, n)) % 3)
        _, low, high = paired_bootstrap(labels, *([answers(q) for _ in range(seeds)] for q in (.80, .78)), resamples=200, seed=i)
        covered += low <= .02 <= high
    assert covered / 200 >= least, covered / 200


def test_documents_of_one_source_are_drawn_together():
    "Files that are hard or easy as a whole: drawn one by one, documents claim twice the certainty they have."
    rng, hits, n = np.random.default_rng(0), {"documents": 0, "files": 0}, 600
    for i in range(150):
        files, labels = np.arange(n) // 12, rng.integers(0, 2, n)
        good = rng.uniform(size=50)[files] < .8      # a model is right on a whole file or wrong on it
        for name, groups in (("documents", None), ("files", files)):
            _, low, high = paired_bootstrap(labels, [np.where(good, labels, 1 - labels)], [labels], groups, resamples=200, seed=i)
            hits[name] += low <= -.2 <= high
    assert hits["documents"] < 75 and hits["files"] > 127, hits   # closed form: 2·Φ(1.96/√12) − 1 = 0.43 against 0.95


def test_a_twin_has_the_same_architecture(tmp_path):
    "A favor of two layers beside an mha of twelve got PASS."
    runs = [made_up_run(tmp_path, "words", "baseline", accuracy=.8), made_up_run(tmp_path, "deep", layers=12, seconds=3000, memory=5000),
        made_up_run(tmp_path, "favor", attention="favor")]
    configs = summarise(collect(runs), "thesis").set_index("configuration")
    assert configs.twin["favor"] is None
    assert {q: w for q, w, _ in configs.judged["favor"]}["WNF-1 cost"] == "NOT MEASURED"
    flat = made_up_run(tmp_path, "flat", seconds=3000, memory=5000)
    configs = summarise(collect([*runs, flat]), "thesis").set_index("configuration")
    assert configs.twin["favor"] == "flat"


def test_nothing_is_chosen_on_test(tmp_path):
    "Neither the baseline to beat, nor the order, nor the run whose confusion is drawn follows the test scores."
    lucky, steady = (made_up_run(tmp_path, n, "baseline", accuracy=a) for n, a in (("lucky", .88), ("steady", .84)))
    model = made_up_run(tmp_path, "model")
    for run, val in ((lucky, .5), (steady, .9)):
        facts = json.loads((run / "run.json").read_text())
        facts["results"]["val"]["f1_macro"] = val
        (run / "run.json").write_text(json.dumps(facts))
        (run / "config.yaml").write_text(yaml.safe_dump({"baseline": {"C": val}}))
    configs = summarise(collect([lucky, steady, model])).set_index("configuration")
    test = configs.test_f1_macro
    assert test["lucky"] > test["steady"]
    assert configs.loc["model", "vs_baseline_pp"] == pytest.approx(100 * (test["model"] - test["steady"]))
    assert configs.index.tolist().index("steady") < configs.index.tolist().index("lucky")


def test_wide_names_fit_the_terminal(tmp_path):
    kinds = ["mha", ["mha", "lsh"], "favor"]
    dirs = [make_run(tmp_path, f"{'漢字' * 15}-{i}", seed=i, attention=a, config={"i": i}) for i, a in enumerate(kinds)]
    runs = collect([*dirs, make_run(tmp_path, "words" * 15, "baseline")])
    assert max(map(_width, results_table(Comparison(runs, summarise(runs))).splitlines())) <= 100


def test_same_runs_same_bytes_in_another_process(tmp_path):
    dirs = [make_run(tmp_path, "words", "baseline", accuracy=.6), *(make_run(tmp_path, f"m-s{s}", seed=s) for s in range(2))]
    code = "import sys; from textclf_nb.lab.report import compare; compare(sys.argv[2:], sys.argv[1])"
    compare(dirs, tmp_path / "one")
    call = [sys.executable, "-c", code, str(tmp_path / "two"), *map(str, dirs)]
    subprocess.run(call, check=True, env=os.environ | {"PYTHONHASHSEED": "7"})
    for name in ("results.csv", "report.html", "reproduce.sh", "reproduce/finetuning/m-s0.yaml", "figures/deltas.svg"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def textclf_that_only_tells(folder):
    "A stand-in for the command, which says what it was called with and writes the run.json that the script asks for."
    folder.mkdir()
    record = "[ \"$1\" = compare ] || echo '{\"corpus\": {\"hash\": \"1234\"}}' > \"$2/run.json\""
    (folder / "textclf").write_text(f"#!/bin/sh\necho called \"$@\"\n{record}\n")
    (folder / "textclf").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_script_repeats_and_executes_nothing_of_a_run(tmp_path):
    evil = f"'; touch {tmp_path}/owned; $(touch {tmp_path}/owned) `touch {tmp_path}/owned`\ntouch {tmp_path}/owned\n#"
    words = make_run(tmp_path, "words", "baseline")
    bad = make_run(tmp_path, "m", command=f"touch {tmp_path}/owned", versions={evil: evil}, code={"commit": evil, "version": evil})
    (bad / "config.yaml").write_text((bad / "config.yaml").read_text() + f"END_OF_CONFIG: |\n  END_OF_CONFIG\n  touch {tmp_path}/owned\n")
    away = make_run(tmp_path, "away")
    (away / "run.json").write_text((away / "run.json").read_text().replace('"away"', '"../../../../x"'))
    strange = make_run(tmp_path, "strange", corpus={"name": evil, "hash": "1234"}, status="failed", cause=evil)
    compare([words, bad, away, strange], tmp_path / "out")
    path = textclf_that_only_tells(tmp_path / "bin")
    clone = tmp_path / "a/b/c/d/clone"; clone.mkdir(parents=True)
    def run(): return subprocess.run([tmp_path / "out/reproduce.sh"], cwd=clone, env={"PATH": path}, capture_output=True, text=True)
    first = run()
    assert first.returncode == 0, first.stderr
    assert not (tmp_path / "owned").exists(), "a string of a run was executed"
    assert sorted(p.name for p in tmp_path.glob("a/**/*") if not p.is_relative_to(clone)) == ["b", "c", "d"], "it left the clone"
    assert "called train experiments/finetuning/m" in first.stdout and "called compare" in first.stdout and "not repeated" in first.stdout
    assert (clone / "experiments/finetuning/m/config.yaml").read_bytes() == (bad / "config.yaml").read_bytes()
    again = run()
    assert again.returncode == 2 and "exists already" in again.stderr, "a second call must overwrite nothing"


MEASURED = ["started", "finished", "commit", "chain_seconds", "chain_memory_mib", "seconds", "seconds_per_epoch", "tokens_per_second",
    "peak_memory_mib", "cost_rank", "on_front"]   # by a clock, and what follows from it


def made_again(first, clone, compared):
    "Run the script of a comparison in an empty folder, by the real command; the second table must be the first."
    clone.mkdir()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run([first / "out/reproduce.sh"], cwd=clone, capture_output=True, text=True, env=os.environ | {"PATH": path})
    assert done.returncode == 0, done.stderr
    again = clone / "experiments/comparisons" / compared
    before, now = (pd.read_csv(d / "results.csv", dtype=str) for d in (first / "out", again))
    assert before.drop(columns=MEASURED).to_csv() == now.drop(columns=MEASURED).to_csv() and now.against[0] == "tfidf"
    assert (again / "reference.csv").read_bytes() == (first / "out/reference.csv").read_bytes()
    assert sorted(p.name for p in (again / "figures").iterdir()) == sorted(p.name for p in (first / "out/figures").iterdir())
    return (again / "report.html").read_text(encoding="utf-8")


ASKED = {"prefix": "my_", "requirements": "thesis", "seed": 3, "reference": {"table 1": {"tfidf": 91.5}}, "against": "tfidf"}


def tfidf(limit):
    "A real baseline in the current folder."
    data = DataConfig(**SMOKE["data"] | {"limit": limit})
    run_baseline(load_corpus(data), Path("experiments/baseline/tfidf"), data=data)
    return "experiments/baseline/tfidf"


def test_script_makes_the_same_table_again(tmp_path, monkeypatch):
    (first := tmp_path / "first").mkdir()
    monkeypatch.chdir(first)
    compare([tfidf(200)], "out", **ASKED)
    made_again(first, tmp_path / "clone", "tfidf")


@pytest.mark.long
def test_script_makes_a_chain_again(tmp_path, monkeypatch):
    "The fine-tuning stands on a pretraining that the comparison is not given."
    (first := tmp_path / "first").mkdir()
    monkeypatch.chdir(first)
    data = {"data": SMOKE["data"] | {"limit": 200}}
    run_experiment(new_experiment("pretraining", "words", settings=SMOKE | data))
    model = new_experiment("finetuning", "mine", settings={k: SMOKE[k] for k in ("training", "logging")} | data, pretraining="words")
    run_experiment(model)
    compare([model, tfidf(200)], "out", **ASKED)
    assert "WNF-2" in made_again(first, tmp_path / "clone", "mine+tfidf")


def test_script_refuses_another_corpus(tmp_path):
    compare([make_run(tmp_path, "words", "baseline", corpus={"name": "odd", "hash": "5678"})], tmp_path / "out")
    clone = tmp_path / "clone"; clone.mkdir()
    env = {"PATH": textclf_that_only_tells(tmp_path / "bin")}
    done = subprocess.run([tmp_path / "out/reproduce.sh"], cwd=clone, env=env, capture_output=True, text=True)
    assert done.returncode == 3 and "another corpus" in done.stderr and "called compare" not in done.stdout


def test_a_run_that_is_not_finished_is_told_of_and_nothing_is_repeated(tmp_path):
    compared = compare([make_run(tmp_path, "half", "pictures", status="running")], tmp_path / "out")
    assert "left out: half" in results_table(compared) and not any((tmp_path / "out/reproduce").iterdir())


def test_kept_results_are_what_was_compared(tmp_path):
    compare([make_run(tmp_path, "words", "baseline")], tmp_path / "comparisons/odd", prefix="odd_", wandb_project="reports")
    waiting = (tmp_path / "comparisons/odd/wandb").glob("artifact-*/*")   # until W&B is online
    assert {p.name: p.read_bytes() for p in waiting} == {p.name: p.read_bytes()
        for p in (tmp_path / "comparisons/odd" / n for n in ("results.csv", "report.html"))}
    keep(tmp_path / "comparisons/odd", tmp_path / "results", tmp_path / "figures")
    assert (tmp_path / "results/odd.csv").read_bytes() == (tmp_path / "comparisons/odd/results.csv").read_bytes()
    clone = tmp_path / "clone"; clone.mkdir()
    env = {"PATH": textclf_that_only_tells(tmp_path / "bin")}
    assert subprocess.run([tmp_path / "results/odd_reproduce.sh"], cwd=clone, env=env, capture_output=True).returncode == 0


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Appended to a copy of the page: click the head "vs exact", write down what a reader would see, so that the DOM dump holds it.
LOOK = """<script>
addEventListener("load", () => {
  const table = document.querySelector("table.sortable"), heads = [...table.tHead.rows[0].cells];
  const at = heads.findIndex(h => h.textContent.startsWith("vs exact"));
  const column = () => [...table.tBodies[0].rows].map(r => r.cells[at].textContent);
  const found = {pictures: [...document.images].map(i => [i.complete, i.naturalWidth, i.alt.length]), before: column()};
  heads[at].querySelector("button").click(); found.up = column(); found.sort = heads[at].getAttribute("aria-sort");
  heads[at].querySelector("button").click(); found.down = column();
  found.wide = document.documentElement.scrollWidth <= innerWidth;
  const parts = c => c.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = c => parts(c).reduce((a, b) => a + b);
  found.ink = light(getComputedStyle(document.body).color); found.paper = light(getComputedStyle(document.body).backgroundColor);
  document.body.insertAdjacentHTML("beforeend", "<pre id=found></pre>");
  document.getElementById("found").textContent = JSON.stringify(found);
});</script>"""


def look_at(page, profile, *options):
    "What Chromium finds on a page, and what it says on its console."
    call = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
        f"--user-data-dir={profile}", "--virtual-time-budget=3000", *options, "--dump-dom", page.as_uri()]
    seen = subprocess.run(call, capture_output=True, text=True, timeout=600)
    found = re.search(r'<pre id="found">(.*?)</pre>', seen.stdout, re.S)
    assert found, seen.stderr[-2000:]
    return json.loads(found.group(1)), [line for line in seen.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian: apt-get install chromium)")
def test_page_in_a_real_browser(tmp_path):
    compare(made_up_study(tmp_path / "study"), tmp_path / "out", requirements="thesis")
    page = tmp_path / "page.html"
    page.write_text((tmp_path / "out/report.html").read_text(encoding="utf-8").replace("</body>", LOOK + "</body>"), encoding="utf-8")
    found, console = look_at(page, tmp_path / "profile", "--window-size=1150,900")
    assert not console, console
    assert len(found["pictures"]) == 4 and all(loaded and width > 100 and words > 20 for loaded, width, words in found["pictures"])
    assert found["before"][0] == "-" and found["sort"] == "ascending"
    assert [x[:4] for x in found["up"][:2]] == ["-4.6", "-1.1"] and [x[:4] for x in found["down"][:2]] == ["-1.1", "-4.6"]
    assert found["wide"] and found["paper"] > 700 and found["ink"] < 150
    dark, console = look_at(page, tmp_path / "profile", "--window-size=500,900", "--blink-settings=preferredColorScheme=0")
    assert not console and dark["wide"], "the page itself must not scroll sideways on a phone"
    assert dark["paper"] < 120 and dark["ink"] > 600, "dark mode"


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian: apt-get install chromium)")
def test_page_for_those_who_use_no_mouse_and_see_little(tmp_path):
    "axe, the usual judge of such pages, finds nothing, in light and in dark; a table is sorted from the keyboard."
    browsers = pytest.importorskip("playwright.sync_api", reason="no Playwright here (pip install playwright)")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here (pip install axe-playwright-python)").Axe()
    compare(made_up_study(tmp_path / "study"), tmp_path / "out", requirements="thesis")
    with browsers.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            tab = browser.new_page(color_scheme=scheme)
            tab.set_default_timeout(300_000)   # ms
            tab.goto((tmp_path / "out/report.html").as_uri())
            for more in tab.locator("summary").all(): more.click()
            assert [(v["id"], v["impact"]) for v in axe.run(tab).response["violations"]] == []
        tab.get_by_role("button", name="vs exact [pp]").focus()
        tab.keyboard.press("Enter")
        assert tab.locator("th[aria-sort=ascending]").inner_text().startswith("vs exact")
        rows = tab.locator("table").first.locator("tbody tr").all_inner_texts()
        assert ["lsh" in r or "favor" in r for r in rows] == [True, True, False, False]
        tab.keyboard.press("Shift+Tab")
        assert tab.evaluate("document.activeElement.textContent") == "macro-F1", "the focus goes from head to head"
        browser.close()


def test_real_baselines_through_the_report(tmp_path):
    rows = [(f"{w} number {i} of a list", label) for i in range(60) for w, label in (("snow ice", "cold"), ("sun sand", "warm"))]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(tmp_path / "weather.csv", index=False)
    corpus = load_corpus(str(tmp_path / "weather.csv"))
    dirs = [tmp_path / "baseline" / name for name in ("one", "two")]
    for d in dirs: run_baseline(corpus, d)
    df = compare(dirs, tmp_path / "out").runs
    assert df.test_f1_macro.tolist() == [1., 1.] and df.status.tolist() == ["finished"] * 2
    assert df.vs_baseline_pp.dropna().tolist() in ([], [0.])


def test_folds_are_compared_as_one_run_and_made_again_one_by_one(tmp_path):
    "Three folds of two baselines through compare; a fold that failed leaves its run out, and the page says which."
    rows = [(f"{w} number {i} of a list", label) for i in range(30) for w, label in (("snow ice", "cold"), ("sun sand", "warm"))]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(tmp_path / "weather.csv", index=False)
    dirs = []
    for name, features in (("few", 2), ("many", 100)):
        for k in range(3):
            data = DataConfig(corpus=str(tmp_path / "weather.csv"), cross={"folds": 3, "test": k})
            dirs.append(tmp_path / "baseline" / f"{name}-fold{k}")
            run_baseline(load_corpus(data), dirs[-1], BaselineConfig(max_features=features), data=data)
    found = compare(dirs, tmp_path / "out", against="many")
    assert found.runs["name"].tolist() == ["few", "many"] and found.configs.drawn.tolist() == ["60 sources of the test texts"] * 2
    page, script = ((tmp_path / "out" / n).read_text(encoding="utf-8") for n in ("report.html", "reproduce.sh"))
    assert "each text was test once" in page and script.count("textclf baseline") == 6 and script.count("textclf compare") == 1
    facts = json.loads((dirs[1] / "run.json").read_text())
    (dirs[1] / "run.json").write_text(json.dumps(facts | {"status": "failed"}))
    assert "left out: few: failed, no score of fold 1" in results_table(compare(dirs, tmp_path / "out"))
    with pytest.raises(UserError, match="measured on different corpora"): compare([dirs[0], dirs[4]], tmp_path / "out")


def test_sources_of_a_corpus_reach_the_intervals(tmp_path):
    "From an embedded corpus over two runs to a difference whose interval draws whole source files."
    settings = SMOKE | {"data": {"corpus": "docstrings", "limit": 400}}
    corpus = load_corpus("docstrings", limit=400)
    run_experiment(new_experiment("finetuning", "exact", tmp_path, settings=settings))
    run_baseline(corpus, tmp_path / "finetuning" / "tfidf")
    sources = np.array(corpus.splits["test"]["group"][:])
    assert 1 < len(set(sources)) < len(sources)
    tables = [predictions(tmp_path / "finetuning" / name) for name in ("exact", "tfidf")]
    for table in tables:
        assert table.group.tolist() == list(map(str, sources))
        assert table.label.tolist() == [corpus.label_names[i] for i in corpus.splits["test"]["label"]]
    configs = summarise(collect([tmp_path / "finetuning" / n for n in ("exact", "tfidf")])).set_index("configuration")
    found = configs.loc["exact", ["vs_baseline_pp", "vs_baseline_low", "vs_baseline_high"]].astype(float)
    theirs = [tables[0].label.to_numpy(), *([t.predicted.to_numpy()] for t in tables)]
    clustered, alone = (100 * np.array(paired_bootstrap(*theirs, groups=groups)) for groups in (sources.astype(str), None))
    assert found.to_numpy() == pytest.approx(clustered) and not np.allclose(clustered[1:], alone[1:], atol=.01)


def test_failed_baseline_says_why(tmp_path):
    pd.DataFrame({"text": [f"{i} {i}" for i in range(40)], "label": ["a", "b"] * 20}).to_csv(tmp_path / "numbers.csv", index=False)
    corpus = load_corpus(str(tmp_path / "numbers.csv"))
    with pytest.raises(UserError, match="lower min_df"): run_baseline(corpus, tmp_path / "baseline/x")
    facts = json.loads((tmp_path / "baseline/x/run.json").read_text())
    assert facts["status"] == "failed" and "min_df" in facts["cause"] and not (tmp_path / "baseline/x/model").exists()
