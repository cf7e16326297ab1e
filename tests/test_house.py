"""The house rules that no single chapter can check."""
import ast
import importlib
import json
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import links
import pandas as pd
import pytest

root = Path(__file__).parents[1]
PARTS = ["attention", "model", "data", "training", "lab", "use"]
chapters = sorted((p for p in root.glob("nbs/**/*.ipynb") if ".ipynb_checkpoints" not in p.parts), key=lambda p: p.stem)
config = ConfigParser(delimiters=["="])
config.read(root / "settings.ini")
cfg = config["DEFAULT"]


def source(notebook, kind):
    return ["".join(c["source"]) for c in json.loads(notebook.read_text())["cells"] if c["cell_type"] == kind]


def exported(notebook):
    return [s for s in source(notebook, "code") if s.startswith("#| export")]


@pytest.mark.parametrize("notebook", links.notebooks(), ids=lambda p: p.stem)
def test_badge_and_install_cell_are_those_of_settings(notebook):
    assert notebook.read_text(encoding="utf-8") == links.relinked(notebook), "run .venv/bin/python tests/links.py"
    assert any(links.badge(notebook) in text for text in source(notebook, "markdown"))
    assert any(links.install() in text for text in source(notebook, "code"))


def test_on_colab_nothing_is_installed_from_a_stranger(monkeypatch):
    asked = []
    shell = type("Shell", (), {"run_line_magic": lambda self, name, line: asked.append(line)})()
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    for user, expected in (("your_name", "my.whl"), ("somebody", "'textclf-nb @ git+https://github.com/somebody/textclf-nb'")):
        monkeypatch.setattr(links, "settings", lambda u=user: {**cfg, "user": u, "git_url": f"https://github.com/{u}/textclf-nb"})
        exec(links.install(), {"sys": sys, "get_ipython": lambda: shell, "input": lambda question: "my.whl"})
        assert asked.pop() == f"install -q 'fastcore<2' {expected}"


def test_readme_has_the_chapters_own_titles():
    assert (root / "README.md").read_text(encoding="utf-8") == links.readme(), "run .venv/bin/python tests/links.py"


def lines(cell):
    "Lines of a cell that say something: no blank ones, no directives."
    return len([x for x in cell.splitlines() if x.strip() and not x.startswith("#|")])


# What holds over the whole book today. Only ever made stricter.
BOOK = {"median": 12, "ninth decile": 21, "over 25 lines": 23, "wide lines": 0, "prose to code": 0.78}


def test_cells_stay_short_and_prose_stands_beside_code():
    cells = sorted(lines(s) for c in chapters for s in exported(c))
    wide = [x for c in chapters for s in exported(c) for x in s.splitlines() if len(x) > 120]
    prose, code = (sum(len(source(c, kind)) for c in chapters) for kind in ("markdown", "code"))
    found = {"median": cells[len(cells) // 2], "ninth decile": cells[len(cells) * 9 // 10], "wide lines": len(wide)}
    found |= {"over 25 lines": sum(n > 25 for n in cells), "prose to code": prose / code}
    print(found)
    assert all(found[k] <= BOOK[k] for k in ("median", "ninth decile", "over 25 lines", "wide lines")), found
    assert found["prose to code"] >= BOOK["prose to code"], found


@pytest.mark.parametrize("part", ["", *PARTS])
def test_what_a_part_hands_on_exists(part):
    module = importlib.import_module(f"textclf_nb.{part}".rstrip("."))
    for name in getattr(module, "__all__", []): assert getattr(module, name) is not None


NUMBER = {text.removeprefix("#| default_exp ").strip(): c.stem
          for c in chapters for text in source(c, "code") if text.startswith("#| default_exp ")}


def imported(notebook):
    "Modules of the package that exported cells import, inside functions too, by full name."
    for text in exported(notebook):
        for node in ast.walk(ast.parse(text.replace("get_ipython()", "None"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in getattr(node, "names", [])]
            yield from (n.removeprefix("textclf_nb.") for n in names if n.startswith("textclf_nb."))


@pytest.mark.parametrize("notebook", chapters, ids=lambda p: p.stem)
def test_chapter_imports_only_lower_chapters(notebook):
    part = notebook.parent.name.partition("_")[2]
    for module in imported(notebook):
        if module in NUMBER: assert NUMBER[module] < notebook.stem, f"{notebook.stem} imports {module}, which comes later"
        else:  # a whole part, through its __init__: only from above
            assert module in PARTS and module != part, f"{notebook.stem} imports from textclf_nb.{module}: name the chapter's module"
            assert PARTS.index(module) < PARTS.index(part), f"{notebook.stem} imports the later part {module}"


@pytest.mark.parametrize("notebook", chapters, ids=lambda p: p.stem)
def test_exported_cells_stay_small_and_pictures_light(notebook):
    assert max(map(lines, exported(notebook)), default=0) <= 40
    cells = json.loads(notebook.read_text())["cells"]
    images = [o["data"]["image/png"] for c in cells for o in c.get("outputs", []) if "image/png" in o.get("data", {})]
    assert all(len(i) * 3 / 4 <= 100_000 for i in images)
    assert not any(o["output_type"] == "error" for c in cells for o in c.get("outputs", []))
    outputs = json.dumps([c.get("outputs") for c in cells])
    assert "site-packages/" not in outputs, "a warning with a path of this machine"
    assert not re.search(r"\d%\|.*?(it/s|s/it)", outputs), "a progress bar: set TQDM_DISABLE in the hidden cell at the top"
    drawn = [c for c in cells if re.search(r"^[^#\n]*plt\.(subplots|figure)\(", "".join(c["source"]), re.M)]
    for c in drawn:
        if c["cell_type"] == "code" and not "".join(c["source"]).startswith("#|"):
            assert any("image/png" in o.get("data", {}) for o in c["outputs"]), f"no picture: {c['source'][:3]}"


@pytest.mark.parametrize("notebook", chapters, ids=lambda p: p.stem)
def test_a_chapter_gives_threads_back(notebook):
    "`make test` executes the next chapter in the same process: two threads there, beside another process, took three times as long."
    numbers = [n for text in source(notebook, "code") for n in re.findall(r"\.set_num_threads\((.*?)\)", text)]
    assert set(numbers) <= {"1", "threads"}, "set 1, and afterwards what there was before: threads = torch.get_num_threads()"


# said at the top of chapters, and the same for all of them: no bars, no network, Triton without a GPU
FOR_ALL = {"TQDM_DISABLE", "HF_HUB_OFFLINE", "TRITON_INTERPRET"}


@pytest.mark.parametrize("notebook", chapters, ids=lambda p: p.stem)
def test_a_chapter_gives_the_environment_back(notebook):
    "As above: with a cache of one chapter's own, those after it read every corpus again, and so did the process beside it."
    cells = source(notebook, "code")
    taken = {n for text in cells for n in re.findall(r"""^os\.environ(?:\[|\.setdefault\()["'](\w+)["'](?:\] =|,)""", text, re.M)}
    given = {n for text in cells for n in re.findall(r"""^(?:del os\.environ\[|os\.environ\.pop\()["'](\w+)["']""", text, re.M)}
    assert not taken - given - FOR_ALL, "use mock.patch.dict(os.environ, ...), or take it away again"


def test_formulas_have_single_backslashes():
    "A doubled one is a line break, and what follows it a mere word; only rows of matrices end in it."
    wrong = {c.stem for c in chapters for text in source(c, "markdown")
             if "matrix" not in text and re.search(r"\\\\[a-zA-Z]{2,}", re.sub(r"`[^`]*`", "", text))}
    assert not wrong


def test_the_package_needs_no_development_tools():
    for path in (root / "textclf_nb").rglob("*.py"):
        assert not {"nbdev", "fastcore"} & {line.split()[1].split(".")[0] for line in path.read_text().splitlines()
                                           if line.startswith(("import ", "from ")) and path.name != "_modidx.py"}, path


def test_import_is_possible_without_notebook_tools():
    code = "import sys; sys.modules.update(dict.fromkeys(['nbdev', 'fastcore', 'pytest', 'jupytext'])); import textclf_nb.use.cli"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)


def test_the_library_example_of_the_readme_runs(tmp_path, monkeypatch):
    import torch
    code = (root / "README.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    names = {"texts": ["good film", "bad film"] * 8, "labels": ["pos", "neg"] * 8, "mask": torch.arange(64)[None] < 60,
             **dict(zip("qkv", torch.randn(3, 1, 8, 64, 64)))}
    exec(code, names)
    assert names["out"].shape == (1, 8, 64, 64) and list(names["model"].predict(["good", "bad"])) == ["pos", "neg"]


def kept(name): return pd.read_csv(root / f"experiments/results/{name}.csv")


def in_points(row, of): return "{:+.1f} [{:+.1f}, {:+.1f}]".format(*(row[f"vs_{of}_{end}"] for end in ("pp", "low", "high")))


def test_numbers_of_the_readmes_are_those_of_kept_tables():
    "Each number of the first page, and of the tables that it points to, worked out anew."
    page, more = ((root / name).read_text(encoding="utf-8") for name in ("README.md", "experiments/README.md"))
    faster = kept("cost_attention_cpu").pivot(index="contender", columns="N", values="times_faster")
    def ratio(m, n): return f"{faster.loc[m, n]:.{0 if faster.loc[m, n] >= 9.95 else 1}f}"
    exchange = kept("exchange_wiki-mini").query("N == 256").set_index(["contender", "setting"])
    lost = {m: exchange.lost[m, s] for m, s in (("favor", "m = 64"), ("window", "w = 32"), ("near_far", "w = c = 32"))}
    trained = kept("short-evening-imdb-256").query("status == 'finished'")
    tuned = trained[trained.kind == "finetuning"].groupby("attention")[[c for c in trained if c.startswith("vs_")]].first()
    for m in ("favor", "lsh", "window", "near_far"):
        nats = f"{lost[m]:.2f} nats" if m in lost else "not possible"   # one projection for queries and keys
        row = [f"`{m}`", *(ratio(m, n) for n in (512, 4096, 16384)), nats, in_points(tuned.loc[m], "exact")]
        assert f"| {' | '.join(row)} |" in page, f"README's row should be | {' | '.join(row)} |"
        whole = " | ".join(ratio(m, n) for n in faster.columns) + " |"
        assert any(line.startswith(f"| `{m}`") and line.endswith(whole) for line in more.splitlines()), f"{m}: {whole}"
    steps = kept("cost_length_cpu").query("job == 'train' and contender != 'mha'").groupby("N").times_faster.agg(["min", "max"]).round(1)
    said = "{:.1f} to {:.1f} times as fast at 4,096 tokens{} {:.1f} to {:.1f} times at 16,384"
    for text, link in ((page, ","), (more, " and")): assert said.format(*steps.loc[4096], link, *steps.loc[16384]) in text
    low, high = sorted(-tuned.vs_baseline_pp)[::len(tuned) - 1]
    seeds, = set(trained[trained.kind == "finetuning"].groupby("attention").seed.nunique())
    assert f"all lose {low:.1f} to {high:.1f} points" in page and f"{['', 'one', 'two', 'three', 'four', 'five'][seeds]} seeds" in page
    for nats in (exchange.score["mha", "exact"], *lost.values(), exchange.lost["nystrom", "32 landmarks"]): assert f"{nats:.2f}" in more
    for _, row in kept("demo").iterrows():
        line = next(x for x in more.splitlines() if f" {row['name']} " in x).split()
        assert f"{row.test_f1_macro:.3f}" in line and f"{row.seconds:.3g}" in line and f"{row.peak_memory_mib:.0f}" in line
        if row.attention in ("favor", "lsh"): assert in_points(row, "exact") in " ".join(line)
        if row.kind == "finetuning": assert in_points(row, "baseline") in " ".join(line)


def test_scores_of_the_first_page_are_those_of_kept_comparisons():
    page = (root / "README.md").read_text(encoding="utf-8")
    for name, runs in {"news {}, {} and {}": "ag", "256 tokens, {}, {} and {}": "imdb"}.items():
        table = kept({"ag": "ag_news"}.get(runs, runs)).set_index("name").test_f1_macro
        assert name.format(*(f"{table[f'{runs}-{who}']:.3f}" for who in ("tfidf-all", "0", "both-0"))) in page
    many = kept("imdb").set_index("name")
    def short_of_exact(row): return "{:.1f} [{:.1f}, {:.1f}]".format(*(-row[f"vs_exact_{end}"] for end in ("pp", "high", "low")))
    def lost(m): return short_of_exact(many.loc[f"imdb-{m}-0"]) # of one that takes the place of exact attention
    said = "`near_far` in the place of exact attention loses {} points, `favor` {}, `lsh` {} ("
    assert said.format(*map(lost, ("near_far", "favor", "lsh"))) in page
    adapted = kept("short-afternoon-imdb-256").set_index("attention")
    said = "`window` loses {}, `near_far` {}, `lsh` {}, `favor` {}"
    assert said.format(*(short_of_exact(adapted.loc[m]) for m in ("window", "near_far", "lsh", "favor"))) in page
    def costs(name): # of one exchange each
        table = kept(name).set_index(["contender", "setting"])
        settings = ("window", "w = 64"), ("near_far", "w = c = 32"), ("favor", "m = 128")
        return [f"{table.lost[s]:.1f} ± {table.lost_se[s]:.1f}" for s in settings]
    said = "`window` costs {} points, `near_far` {}, `favor` {}, in one of transcripts of 2,048 tokens {}, {} and {}"
    assert said.format(*costs("exchange_imdb"), *costs("exchange_scotus")) in page
    files = kept("modules-evening-1024").query("status == 'finished'").groupby("attention").first()
    ahead = in_points(files.loc["favor"], "exact").replace("+", "")
    assert f"by {ahead} points" in page and files.loc["nystrom", "vs_exact_low"] < 0 < files.loc["nystrom", "vs_exact_high"]
    speech = kept("scotus").set_index("name")
    for m in ("favor", "window"): assert f"`{m}` ({in_points(speech.loc[f'scotus-2048-{m}'], 'exact')}" in page
    assert speech.val_f1_macro["scotus-2048-exact"] > speech.val_f1_macro["scotus-2048-window"]
    assert f"the window has {in_points(speech.loc['scotus-2048-window'], 'baseline')}" in page
    strings = kept("docstrings").set_index("attention")
    for m in ("lsh", "favor"): assert strings.vs_exact_low[m] < 0 < strings.vs_exact_high[m]
    first = kept("needle-evening-128").query("kind == 'finetuning'").groupby("configuration").test_f1_macro.agg(["min", "max"])
    first.index = first.index.str.split("-").str[3:-1].str.join("-")
    assert (first["min"][["mha", "favor"]] > .99).all() and first["max"]["near_far"] < .8
    assert (first["max"][["lsh", "window"]] > .94).all() and (first["min"][["lsh", "window"]] < .75).all()


def test_scores_of_fit_are_the_means_of_the_logs_table():
    page, log = ((root / name).read_text(encoding="utf-8") for name in ("README.md", "LOG.md"))
    said = {"AG News, 800 texts": "gave macro-F1 {} by counts, {} by the encoder and {} by both",
            "IMDb, 40 words, 1,000 texts": "cut to 40 words {}, {} and {}"}
    for table, sentence in said.items():
        lines = [line for line in log.splitlines() if line.startswith(f"| {table}, seed")]
        rows = [[float(cell.split()[0]) for cell in line.split("|")[2:5]] for line in lines]
        assert len(rows) == 2 and sentence.format(*(f"{sum(c) / 2:.2f}" for c in zip(*rows))) in page


def test_the_commands_of_readmes_exist():
    "Each `textclf …` and `make …` of a code block: its command, its subcommand, its options."
    import typer

    from textclf_nb.use.cli import app
    text = "\n".join((root / name).read_text(encoding="utf-8") for name in ("README.md", "experiments/README.md"))
    targets = [line.partition(":")[0] for line in (root / "Makefile").read_text().splitlines() if "## " in line]
    calls = [line.partition("#")[0].split() for line in map(str.strip, text.splitlines()) if line.startswith(("textclf ", "make "))]
    assert len(calls) >= 10
    for program, *words in calls:
        if program == "make": assert words[0] in targets, words; continue
        command = typer.main.get_command(app)
        while words and hasattr(command, "commands") and not words[0].startswith("-"): command = command.commands[words.pop(0)]
        known = {option for p in command.params for option in p.opts} | {"-h", "--help"}
        assert {w for w in words if w.startswith("-")} <= known, (program, words)
