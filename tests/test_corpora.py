"""What the chapters on sources, corpora and recipes cannot show: a user's mistakes, each one line; caches that break; big and odd files."""
import json
import os
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textclf_nb.core import UserError, cached
from textclf_nb.data import corpora, recipes
from textclf_nb.data.corpora import (
    DataConfig,
    docstrings_in,
    find_duplicates,
    load_corpus,
    split_rows,
    stratified_limit,
    strip_names,
)
from textclf_nb.data.sources import columns, read_path


def table(path, rows=40, **changed):
    "A small labelled CSV, JSONL, … with columns changed."
    labels = ["law" if i % 2 else "tea" for i in range(rows)]
    frame = pd.DataFrame({"text": [f"text {i} on {x}" for i, x in enumerate(labels)], "label": labels}).assign(**changed)
    if path.suffix == ".jsonl": frame.to_json(path, orient="records", lines=True)
    elif path.suffix == ".parquet": frame.to_parquet(path)
    elif path.suffix == ".xlsx": frame.to_excel(path, index=False)
    else: frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet", ".xlsx", ".CSV"])
def test_every_format_gives_the_same_corpus(tmp_path, suffix):
    if suffix == ".xlsx": pytest.importorskip("openpyxl")
    corpus = load_corpus(table(tmp_path / f"mail{suffix}"))
    assert corpus.label_names == ["law", "tea"] and corpus.card["sizes"] == {"train": 32, "val": 4, "test": 4}
    assert corpus.card["hash"] == load_corpus(table(tmp_path / "same.csv")).card["hash"]


def one_line(error):
    "The message of a user's mistake is one line."
    assert "\n" not in str(error.value)
    return str(error.value)


WRONG = [  # file, its bytes, settings, what the message says
    ("gone.csv", None, {}, "no such file"),
    ("a.docx", b"x", {}, "unknown kind of file '.docx'"),
    ("a.csv", b"", {}, "a.csv is empty"),
    ("a.csv", b"text,label\n", {}, "no rows"),
    ("a.csv", b"review,stars\nfine,1\n", {}, "no column 'text'; there are: review, stars"),
    ("a.csv", b"text\nfine\n", {}, "data.label_col: null"),
    ("a.csv", b"text,label\nfine,a\n,b\nno,b\n", {}, "1 of 3 rows have no text, the first is row 1"),
    ("a.csv", b"text,label\nfine,a\n \t ,b\n", {}, "have no text"),
    ("a.csv", b"text,label\nfine,a\nbad,\n", {}, "1 of 2 rows have no label"),
    ("a.csv", b"text,label\n,a\n,b\n", {"drop_empty": True}, "no row has both"),
    ("a.csv", b"text,label\n" + b"".join(b"t%d,a\n" % i for i in range(20)), {}, "one class only, 'a'"),
    ("a.csv", b"text,label\nx,a\ny,b\n", {}, "too few to split"),
    ("a.csv", b"text,label\ncaf\xe9,a\n", {}, "line 2 is not utf-8"),
    ("a.csv", b"text,label\n\x81\x82,a\n", {"encoding": "cp1252"}, "line 2 is not cp1252"),
    ("a.csv", b"text,label\nx,a\n", {"encoding": "utf-9"}, "unknown encoding 'utf-9'"),
    ("a.tsv", b'text\tlabel\n"well said\ta\nso\tb\n"oh" he said\ta\n', {},
        "a.tsv: the quotation mark in line 2 makes one cell of all up to line 4"),
    ("a.jsonl", b'{"text": "x", "label": null}\n', {}, "have no label"),
    ("a.jsonl", b'{"text": null, "label": 1}\n', {}, "have no text"),
    ("a.jsonl", b'{"text": "fine", "label": ["a", "b"]}\n', {}, "each text needs one label"),
    ("a.jsonl", b'{"text": 5, "label": 1}\n', {}, "the text of row 0 (from 0) is 5"),
    ("a.jsonl", b'{"text": "x"}\n[1]\n', {}, "line 2 is no JSON object"),
    ("a.parquet", b"PAR1", {}, "not a Parquet file"),
    ("a.xlsx", b"PK no", {}, "a.xlsx"),
    ("a.pt", b"\x80\x02}", {}, "not a plain TensorDataset"),
    ("a.txt", b"one\ntwo\n", {}, "data.label_col: null"),
    ("a.csv", b"text,label\nx,a\n", {"spilt_seed": 1}, "did you mean 'split_seed'"),
    ("a.csv", b"text,label\nx,a\n", {"id_col": "nr"}, "no column 'nr'; there are: text, label"),
    ("a.csv", b"text,label,nr\nx,a,1\ny,b,2\nz,a,1\n", {"id_col": "nr"}, "more than once: 1, the first is '1' (row 0, row 2, from 0)"),
]


@pytest.mark.parametrize("name, content, options, says", WRONG)
def test_a_mistake_is_one_clear_line(tmp_path, name, content, options, says):
    if content is not None: (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as error: load_corpus(tmp_path / name, **options)
    assert says in one_line(error)


def test_a_label_that_training_has_not_seen(tmp_path):
    paths = {n: {"dataset_path": str(table(tmp_path / f"{n}.csv"))} for n in ("train", "val")}
    paths["test"] = {"dataset_path": str(table(tmp_path / "test.csv", label="new"))}
    with pytest.raises(UserError) as error: load_corpus(DataConfig.parse(paths))
    assert "label 'new' of the test split is not among the training split's: law, tea" in one_line(error)
    with pytest.raises(UserError, match="data.train.dataset_path is not"): load_corpus(DataConfig.parse({"test": paths["test"]}))


def test_labels_keep_what_they_are(tmp_path):
    kinds = [("float", ".parquet", [1.0, 2.0]), ("int", ".jsonl", [10, 9]), ("na", ".csv", ["NA", "None"]),
        ("bool", ".parquet", [True, False])]
    names = {kind: load_corpus(table(tmp_path / f"{kind}{suffix}", label=two * 20)).label_names for kind, suffix, two in kinds}
    assert names == {"float": ["1", "2"], "int": ["9", "10"], "na": ["NA", "None"], "bool": ["False", "True"]}


def test_byte_order_mark_surrogates_and_other_encodings(tmp_path):
    (tmp_path / "bom.csv").write_bytes(b"\xef\xbb\xbf" + table(tmp_path / "a.csv").read_bytes())
    assert load_corpus(tmp_path / "bom.csv").card["sizes"]["train"] == 32
    lines = [json.dumps({"text": f"broken \ud800 {i}", "label": i % 2}) for i in range(40)]
    (tmp_path / "half.jsonl").write_text("\n".join(lines), encoding="ascii")
    assert load_corpus(tmp_path / "half.jsonl").splits["train"][0]["text"].startswith("broken ?")
    (tmp_path / "latin.csv").write_text(table(tmp_path / "a.csv").read_text().replace("tea", "thé"), encoding="latin-1")
    assert "thé" in load_corpus(tmp_path / "latin.csv", encoding="latin-1").label_names


@pytest.mark.parametrize("head, sep", [("sep=;\ntext;label", ";"), ("text, all of it;label", ";"), ("text|label", "|"),
    ('"sep=\t"\r\ntext\tlabel', "\t")])
def test_tables_as_programs_export_them(tmp_path, head, sep):
    config = {"text_col": "text, all of it"} if "," in head else {}
    rows = [f"{i} of them" + ", and so on" * (i % 3) + f"{sep}{i % 2}" for i in range(40)]
    (tmp_path / "a.csv").write_text("\n".join([head, *rows]), encoding="utf-8-sig")
    corpus = load_corpus(tmp_path / "a.csv", **config)
    assert corpus.label_names == ["0", "1"] and corpus.card["sizes"]["train"] == 32


def test_a_line_of_fifty_megabytes(tmp_path):
    rows = [f"short {i},{i % 2}" for i in range(40)]
    (tmp_path / "long.csv").write_text("text,label\n" + "\n".join(rows) + "\n" + "word " * 10_000_000 + ",1\n", encoding="utf-8")
    assert max(len(t) for d in load_corpus(tmp_path / "long.csv").splits.values() for t in d["text"]) > 49_000_000


def test_no_network_says_how_to_go_on_without_one(monkeypatch):
    for setting in ("huggingface_hub.constants.HF_HUB_OFFLINE", "datasets.config.HF_HUB_OFFLINE"): monkeypatch.setattr(setting, True)
    with pytest.raises(UserError, match="give a local path instead") as error: load_corpus("some-owner/some-set")
    assert "\n" not in str(error.value)


def test_recipes_without_files(tmp_path, monkeypatch):
    monkeypatch.delenv("TEXTCLF_DATA", raising=False)
    with pytest.raises(UserError, match="TEXTCLF_DATA to a folder that holds maths_topics/"): load_corpus("maths_topics")
    (tmp_path / "maths_topics").mkdir()
    problems = pd.DataFrame({"problem_text": [f"prove {i}" for i in range(30)], "topic": ["graphs", "sets", "sums"] * 10})
    problems.to_csv(tmp_path / "maths_topics" / "data.csv")
    monkeypatch.setenv("TEXTCLF_DATA", str(tmp_path))
    assert load_corpus("maths_topics").label_names == ["graphs", "sets", "sums"]


def test_ids_of_given_splits_are_compared_across_them(tmp_path):
    paths = {n: table(tmp_path / f"{n}.csv", nr=range(start, start + 40)) for n, start in (("train", 0), ("test", 39))}
    files = {n: {"dataset_path": str(path)} for n, path in paths.items()}
    with pytest.raises(UserError) as error: load_corpus(DataConfig.parse(files | {"id_col": "nr"}))
    assert "the first is '39' (row 39 of train, row 0 of test, from 0)" in one_line(error)
    assert load_corpus(DataConfig.parse(files)).card["sizes"] == {"train": 35, "val": 5, "test": 40}


@pytest.mark.parametrize("numbered", [True, False])
def test_arxiv_recipe(tmp_path, monkeypatch, numbered):
    "Eleven classes, as numbers or by name; three published splits joined, then split anew with each class in each."
    monkeypatch.setenv("TEXTCLF_DATA", str(tmp_path))
    (tmp_path / "arxiv").mkdir()
    names = recipes.SOURCES["arxiv"].args[0].args[1].names
    for split, rows in (("train", 220), ("validation", 33), ("test", 77)):
        labels = [i % 11 if numbered else names[i % 11] for i in range(rows)]
        frame = pd.DataFrame({"text": [f"{split} paper {i} " + "lemma " * 200 for i in range(rows)], "label": labels})
        frame.to_parquet(tmp_path / "arxiv" / f"{split}.parquet")
    corpus = load_corpus("arxiv")
    assert corpus.label_names == list(names) and len(names) == 11
    assert corpus.card["sizes"] == {"train": 264, "val": 33, "test": 33}
    assert all(np.bincount(d["label"], minlength=11).tolist() == [len(d) // 11] * 11 for d in corpus.splits.values())
    assert {t.split()[0] for t in corpus.splits["test"]["text"]} > {"train", "test"} and corpus.card["duplicates"] == {}


def test_hyperpartisan_keeps_publishers_apart(tmp_path):
    n = 600
    frame = pd.DataFrame({"text": [f"{i} " + "news " * 1400 for i in range(n)], "label": [int(i % 3 == 0) for i in range(n)]})
    frame.assign(url=[f"https://p{i % 41}.org/{i}" for i in range(n)]).to_parquet(tmp_path / "train.parquet")
    corpus = load_corpus("hyperpartisan", path=str(tmp_path), limit=300)
    sites = {s: {int(t.split()[0]) % 41 for t in d["text"]} for s, d in corpus.splits.items()}
    assert not (sites["train"] & sites["val"] or sites["train"] & sites["test"] or sites["val"] & sites["test"])
    assert corpus.card["sizes"]["train"] + corpus.card["sizes"]["val"] == 300
    groups = [set(d["group"]) for d in corpus.splits.values()]
    assert not (groups[0] & groups[1] or groups[0] & groups[2] or groups[1] & groups[2]) and sum(map(len, groups)) <= 41
    assert all(0.2 < 1 - np.mean(d["label"]) < 0.9 for d in corpus.splits.values())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from("aabc"), min_size=1, max_size=200), st.integers(0, 5))
def test_splits_are_exact_and_stratified(labels, seed):
    labels = np.array(labels)
    parts = split_rows(labels, (0.8, 0.1, 0.1), seed)
    assert sorted(np.concatenate(parts)) == list(range(len(labels)))
    folds = min(10, np.unique(labels, return_counts=True)[1].max())
    for c in set(labels) if folds == 10 else ():
        small = (labels == c).sum() <= 2   # a class too small for three parts is learnt from
        for part, share in zip(parts, (1, 0, 0) if small else (0.8, 0.1, 0.1)):
            assert abs((labels[part] == c).sum() - share*(labels == c).sum()) < 2
    assert len(stratified_limit(labels, 7, seed)) == min(7, len(labels))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9)), min_size=3, max_size=100))
def test_groups_never_straddle(rows):
    labels, groups = map(np.array, zip(*rows))
    parts = split_rows(labels, (0.8, 0.1, 0.1), groups=groups)
    assert sorted(np.concatenate(parts)) == list(range(len(rows)))
    assert sum(len(set(groups[p])) for p in parts) == len(set(groups))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["np", "NumPy", "torch", "scikit-learn", "plt", "array", "x1"]), max_size=8), st.sampled_from(" _-(,\n"))
def test_no_name_survives(words, glue):
    left = strip_names(glue.join(words)).lower().replace(glue, " ").split()
    assert [w for w in left if w.strip("-")] == [w for w in words if w in ("array", "x1")]


def test_a_cache_that_breaks_is_built_again(tmp_path):
    def build(folder): (folder / "a").write_text("right")
    for name, content in (("a", None), ("a", "r"), ("manifest.json", "[]"), ("manifest.json", "{"), ("manifest.json", None)):
        harmed = cached(tmp_path / "x", build) / name
        harmed.unlink() if content is None else harmed.write_text(content)
        with pytest.warns(UserWarning, match="damaged"): assert (cached(tmp_path / "x", build) / "a").read_text() == "right"


def test_two_at_once_build_once(tmp_path):
    built = []
    def build(folder):
        built.append(1)
        (folder / "a").write_text("right")
    threads = [threading.Thread(target=cached, args=(tmp_path / "x", build)) for _ in range(4)]
    for t in threads: t.start()
    for t in threads: t.join()
    assert len(built) == 1


def test_sources_that_do_not_parse(tmp_path):
    files = {"a.py": b"def (", "b.py": b"\x00", "c.py": b"# coding: nonsense", "d.py": b"x = '\xff'", "e.py": b""}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content + b'\n"""' + b"word " * 30 + b'"""\n')   # long enough to be parsed
        assert len(docstrings_in(tmp_path / name)) == (name == "e.py")


def test_embedded_corpus_is_read_from_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTCLF_CACHE", str(tmp_path))
    monkeypatch.setattr(corpora, "LIBRARIES", {n: corpora.LIBRARIES[n] for n in ("networkx", "numpy")})
    first = load_corpus(limit=200)
    monkeypatch.setattr(corpora, "harvest", None)  # a second harvest would fail
    second = load_corpus(limit=200)
    sizes = second.card["sizes"]
    assert first.card == second.card and sizes["train"] + sizes["val"] == 200 < sizes["test"] + 200
    assert load_corpus(limit=50).splits["test"].to_dict() == second.splits["test"].to_dict()   # every limit, one test set
    files = [set(d["group"]) for d in load_corpus().splits.values()]
    assert not (files[0] & files[1] or files[0] & files[2] or files[1] & files[2])
    assert second.card["duplicates"] == {} and second.card["near_duplicates"] == {}
    assert set(second.card["versions"]) == {"networkx", "numpy"}


def test_unlabelled_lines_and_empty_folder(tmp_path):
    (tmp_path / "lines.txt").write_text("\n".join(f"line {i}" for i in range(30)), encoding="utf-8")
    corpus = load_corpus(tmp_path / "lines.txt", label_col=None)
    assert corpus.label_names == [] and set(corpus.splits["train"]["label"]) == {-1}
    with pytest.raises(UserError, match="has no labels"): corpus.num_labels
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no files"): read_path(tmp_path / "empty")
    assert find_duplicates({"a": ["x", "X "]}) == {"a": 1}
    with pytest.raises(UserError, match="no rows"): columns(pd.DataFrame(columns=["text", "label"]), DataConfig(), "x")


def test_shuffle_stays_where_a_split_has_a_file_of_its_own(tmp_path):
    given = DataConfig.parse({"train": {"dataset_path": "a.csv"}, "val": {"dataset_path": "b.csv"}})
    assert (given.train.shuffle, given.val.shuffle, given.test.shuffle) == (True, False, False)
    assert not DataConfig.parse({"train": {"shuffle": False}}).train.shuffle


def test_validation_and_test_alone_are_nothing_to_train_on(tmp_path):
    for n in ("validation", "test"): table(tmp_path / f"{n}.csv")
    with pytest.raises(UserError) as error: load_corpus(tmp_path)
    assert "neither train" in one_line(error)
    with pytest.raises(UserError) as error: corpora.three_splits({"val": pd.DataFrame(), "test": pd.DataFrame()}, DataConfig())
    assert "nothing to train on: there are only val and test" in one_line(error)


def test_files_that_might_both_be_train_are_not_joined(tmp_path):
    table(tmp_path / "train-00000-of-00002.parquet")
    table(tmp_path / "train-00001-of-00002.parquet", text=[f"other {i}" for i in range(40)])
    assert len(read_path(tmp_path)["train"]) == 80
    for extra in ("train-old.csv", "train.csv"):
        table(tmp_path / extra)
        with pytest.raises(UserError) as error: read_path(tmp_path)
        assert "which is the train split?" in one_line(error)
        (tmp_path / extra).unlink()
    (tmp_path / "train-00000-of-00002.parquet").unlink()
    with pytest.raises(UserError, match="all pieces"): read_path(tmp_path)


def test_articles_of_two_files_keep_their_own_truth(tmp_path):
    for name, answer in (("byarticle", "true"), ("bypublisher", "false")):
        (tmp_path / f"articles-{name}.xml").write_text(f'<articles><article id="1"><p>{name}</p></article></articles>')
        (tmp_path / f"ground-truth-{name}.xml").write_text(f'<articles><article id="1" hyperpartisan="{answer}" url="https://a.org"/></articles>')
    frame = recipes.read_hyperpartisan(tmp_path)["all"]
    assert dict(zip(frame.text, frame.label)) == {"byarticle": 1, "bypublisher": 0}
    (tmp_path / "ground-truth-byarticle.xml").unlink()
    with pytest.raises(UserError, match="come in pairs"): recipes.read_hyperpartisan(tmp_path)


HASHES = """
import argparse, inspect, sys
from textclf_nb.data.corpora import load_corpus
from textclf_nb.data.tokenizer import WordPieceTokenizer
for g in (None, 'site'):
    c = load_corpus(sys.argv[1], group_col=g)
    print(c.card['hash'], c.label_names, c.card['near_duplicates'], c.card['known_lines'])
print(WordPieceTokenizer.train(inspect.getsource(argparse).splitlines(), vocab_size=700).fingerprint)
"""


def test_corpus_and_vocabulary_do_not_hang_on_the_hash_seed(tmp_path, monkeypatch, capsys):
    "Said here, whose seed is drawn, and in a process with another, which finds no answer of ours in its cache."
    frame = pd.DataFrame({"text": [f"text {i} of a table that is read" for i in range(60)], "label": ["1", "01", "001"]*20})
    frame.assign(site=[f"s{i % 17}" for i in range(60)]).to_csv(tmp_path / "a.csv", index=False)
    monkeypatch.setattr(sys, "argv", ["-c", str(tmp_path / "a.csv")])
    exec(HASHES, {})
    here = capsys.readouterr().out
    other = {"PYTHONHASHSEED": "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1", "TEXTCLF_CACHE": str(tmp_path / "cache")}
    there = subprocess.run([sys.executable, "-c", HASHES, sys.argv[1]], capture_output=True, text=True, check=True, env=os.environ | other)
    assert here == there.stdout and "['001', '01', '1']" in here and len(here.split()[-1]) == 16


def test_odd_labels_come_through(tmp_path):
    odd = ["a\u2028b", "line\nbreak", "\\ud800", "L"*20_000]
    frame = pd.DataFrame({"text": [f"text number {i}" for i in range(80)], "label": odd*20})
    frame.to_csv(tmp_path / "odd.csv", index=False)
    assert set(load_corpus(tmp_path / "odd.csv").label_names) == set(odd)
    lines = [json.dumps({"text": f"t {i}", "label": ["\ud800", "x"][i % 2]}) for i in range(40)]
    (tmp_path / "half.jsonl").write_text("\n".join(lines), encoding="ascii")
    assert load_corpus(tmp_path / "half.jsonl").label_names == ["\\ud800", "x"]
    paths = {n: {"dataset_path": str(table(tmp_path / f"{n}.csv"))} for n in ("train", "val")}
    paths["test"] = {"dataset_path": str(table(tmp_path / "test.csv", label="L\u2028"*10_000))}
    with pytest.raises(UserError) as error: load_corpus(DataConfig.parse(paths))
    assert len(one_line(error)) < 500 and "\u2028" not in str(error.value)


def test_input_ids_that_are_none(tmp_path):
    pd.DataFrame({"input_ids": [[2, 5, 3]]*40}).to_parquet(tmp_path / "bare.parquet")
    with pytest.raises(UserError, match="data.label_col: null"): load_corpus(tmp_path / "bare.parquet")
    assert load_corpus(tmp_path / "bare.parquet", label_col=None).splits["train"][0]["input_ids"] == [2, 5, 3]
    table(tmp_path / "both.csv", input_ids="2 5 3")   # texts are there: they are read
    assert "text" in load_corpus(tmp_path / "both.csv").splits["train"].column_names
    pd.DataFrame({"input_ids": ["2 5 3"]*40, "label": ["a", "b"]*20}).to_csv(tmp_path / "strings.csv", index=False)
    with pytest.raises(UserError, match="must be lists of token numbers"): load_corpus(tmp_path / "strings.csv")


def test_a_workbook_that_is_none(tmp_path):
    pytest.importorskip("openpyxl")
    good = table(tmp_path / "good.xlsx").read_bytes()
    renamed = good.replace(b"xl/workbook.xml", b"xl/wurkbook.xml")
    for bad in (b"", b"PK\x03\x04", good[:len(good)//2], renamed, b"\xd0\xcf\x11\xe0" + bytes(600)):
        (tmp_path / "bad.xlsx").write_bytes(bad)
        with pytest.raises(UserError) as error: load_corpus(tmp_path / "bad.xlsx")
        assert "not a workbook" in one_line(error)
