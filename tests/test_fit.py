"""`textclf fit` from a table to a prediction, long files in little memory, and settings of recipes that cannot work."""
import json
import os
import signal
import threading
import time
import tracemalloc

import pandas as pd
import pytest
import yaml
from test_cli import here, mistake, rows, sets  # noqa: F401
from torch import nn

from textclf_nb.core import UserError
from textclf_nb.data.tokenizer import WordPieceTokenizer
from textclf_nb.lab.baseline import load_baseline
from textclf_nb.model.models import ModelConfig, TransformerForSequenceClassification
from textclf_nb.training.optim import OptimConfig, make_optimizer
from textclf_nb.training.tasks import balanced_weights
from textclf_nb.use.cli import predict_table
from textclf_nb.use.fit import SHORTEST

TINY = sets("architecture.embedding_dim=16", "architecture.num_layers=1", "architecture.mlp_size=32",
            "architecture.attention.num_heads=2", "tokenizer.vocab_size=300")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    "A folder in which a table was fitted, and what was said."
    user = tmp_path_factory.mktemp("user")
    table = rows(50).rename(columns={"text": "remark", "label": "kind"}).assign(id=range(100))
    table.assign(remark=table.remark + " “Voilà!”").to_csv(user / "mine.csv", index=False, encoding="cp1252")
    return user, here(user, "fit", "mine.csv", "--scratch", "--minutes", ".001", "--encoding", "cp1252", *TINY)


def test_fit_says_what_it_found_fits_and_recommends(fitted):
    user, said = fitted
    assert "texts in column 'remark', labels in 'kind'" in said and "2 classes (maths, plots)" in said
    assert "terms counted and weighed in" in said and "95 % interval" in said and "Take " in said
    assert all(kind in said for kind in ("the encoder", "the baseline", "both together"))


def test_a_file_in_an_encoding_that_is_named_is_read_and_asked_again(fitted, mistake, capsys):  # noqa: F811
    user, run = fitted[0], fitted[0] / "experiments/baseline/mine-tfidf"
    assert yaml.safe_load((run / "config.yaml").read_text())["data"]["encoding"] == "cp1252"
    (user / "new.csv").write_text("remark,kind\n“Dessine!”,plots\n", encoding="utf-8")
    assert "line 2 is not cp1252" in mistake(user, "eval", run, "--file", "new.csv")
    assert here(user, "eval", run, "--file", "new.csv", "--encoding", "utf-8").startswith("new.csv")
    (user / "new.csv").write_text("remark,kind\n“Dessine!”,plots\n“Dessine!”,\n", encoding="utf-8")
    said = here(user, "eval", run, "--file", "new.csv", "--encoding", "utf-8")
    assert [line.split()[0] for line in said.splitlines()] == ["new.csv"] and "accuracy" in said   # the table, nothing else
    assert "textclf: new.csv: rows without text or label, left out: 1" in capsys.readouterr().err.splitlines()
    assert "--encoding goes with --file" in mistake(user, "eval", run, "--encoding", "utf-8")


def test_columns_may_be_settings_and_the_table_stands_once(fitted, mistake):  # noqa: F811
    user = fitted[0]
    said = mistake(user, "fit", "mine.csv", "--name", "x", "--encoding", "cp1252", *sets("data.label_col=nothing"))
    assert "no column 'nothing'; there are: remark, kind, id" in said
    assert "give one of the two" in mistake(user, "fit", "mine.csv", "--name", "x", *sets("data.corpus=other.csv"))


def test_who_asks_for_too_little_time_is_told_and_gets_a_few_seconds(fitted):
    config = yaml.safe_load((fitted[0] / "experiments/finetuning/mine/config.yaml").read_text())
    assert config["training"]["max_minutes"] == round(SHORTEST / 60, 3)
    assert "reading, counting and answers take the minutes" in fitted[1]


def test_fit_leaves_ordinary_runs_a_report_and_the_line_to_go_on_with(fitted):
    user, said = fitted
    report, predict = (next(x for x in said.splitlines() if x.startswith(word)) for word in ("report", "predict"))
    assert "<html" in (user / report.split()[1]).read_text()[:500]
    listed = here(user, "runs")
    assert listed.count("finished") == 3
    command = predict.split()[2:4]
    assert command[0] == "predict"
    assert here(user, *command, "Return the sine of it.").split("\t")[0] == "maths"


def test_what_the_encoder_answers_is_calibrated(fitted):
    record = json.loads((fitted[0] / "experiments/finetuning/mine/run.json").read_text())
    assert record["temperature"] > 0 and 0 <= record["results"]["test"]["calibration_error"] <= 1


def test_a_long_file_is_answered_in_the_memory_of_a_short_one(fitted, tmp_path):
    classifier, peaks = load_baseline(fitted[0] / "experiments/baseline/mine-tfidf"), []
    for n in (10_000, 30_000):
        pd.DataFrame({"remark": [f"Draw line {i}." for i in range(n)]}).to_csv(tmp_path / "long.csv", index=False)
        tracemalloc.start()
        with (tmp_path / "out.csv").open("w") as stream: predict_table(classifier, tmp_path / "long.csv", "remark", stream)
        peaks.append(tracemalloc.get_traced_memory()[1]); tracemalloc.stop()
        with (tmp_path / "out.csv").open() as stream: assert sum(1 for _ in stream) == n + 1
    assert peaks[1] < 1.2 * peaks[0]


def test_who_stops_a_fit_is_told_how_to_go_on(tmp_path, capsys):
    rows(50).to_csv(tmp_path / "mine.csv", index=False)
    run = tmp_path / "experiments/finetuning/mine"
    def stop():
        for _ in range(6000):
            if (run / "metrics/train/metrics.csv").is_file(): return os.kill(os.getpid(), signal.SIGINT)
            time.sleep(.05)
    threading.Thread(target=stop, daemon=True).start()
    here(tmp_path, "fit", "mine.csv", "--scratch", *TINY, *sets("training.epochs=500", "training.log_every=1"), code=130)
    assert "stopped by" in (said := capsys.readouterr().err) and "textclf train RUN --resume" in said
    assert "interrupted" in here(tmp_path, "runs")


def test_an_adaptation_reads_as_the_fine_tuning_will(tmp_path):
    rows(30).to_csv(tmp_path / "mine.csv", index=False)
    asked = sets("tokenizer.max_length=24", "pretrained_experiment.attention.kind=favor", "training.batch_size=16", "training.epochs=1",
                 "training.learning_rate=0.002")
    here(tmp_path, "fit", "mine.csv", "--adapt", "--minutes", ".01", *asked)
    runs = tmp_path / "experiments/pretraining/mine-adapted", tmp_path / "experiments/finetuning/mine"
    words, classes = (yaml.safe_load((run / "config.yaml").read_text()) for run in runs)
    assert classes["pretrained_experiment"]["name"] == "mine-adapted"
    for tree in (words, classes):
        assert tree["tokenizer"]["max_length"] == 24 and tree["architecture"]["attention"]["kind"] == "favor"
        assert tree["training"]["batch_size"] == 16
    assert [words["training"][k] for k in ("learning_rate", "muon_lr")] == [.002, .001], "what is asked for holds in both"
    assert words["training"]["max_minutes"] and not classes["training"].get("max_minutes"), "the epochs are the fine-tuning's"
    assert all(json.loads((run / "run.json").read_text())["status"] == "finished" for run in runs)


def test_texts_without_a_word_are_told_and_nothing_is_left_behind(tmp_path, capsys):
    pd.DataFrame({"text": ["☺☺☺ ☺"] * 30 + ["☹ ☹"] * 30, "label": ["glad"] * 30 + ["sad"] * 30}).to_csv(tmp_path / "mine.csv", index=False)
    for way in ([], ["--scratch"]):
        here(tmp_path, "fit", "mine.csv", *way, code=2)
        assert "has a word of two letters or digits or more" in (said := capsys.readouterr().err) and said.count("\n") == 1
        assert "name another column of texts (--text-col" in said
    assert [p.name for p in tmp_path.iterdir()] == ["mine.csv"]


def test_an_answer_never_replaces_a_folder_of_runs(fitted, tmp_path, mistake):  # noqa: F811
    (tmp_path / "runs").mkdir(); (tmp_path / "runs/kept").touch()
    (tmp_path / "some.txt").write_text("Draw a line.\n")
    model = fitted[0] / "experiments/baseline/mine-tfidf"
    assert "is a directory" in mistake(tmp_path, "predict", model, "--file", "some.txt", "--out", "runs")
    assert (tmp_path / "runs/kept").is_file()
    assert "name a file that ends with .csv" in mistake(tmp_path, "predict", model, "--file", "some.txt", "--out", "some.xlsx")
    if hasattr(os, "mkfifo"):   # Windows has none
        os.mkfifo(tmp_path / "pipe")
        assert "is a device or a pipe" in mistake(tmp_path, "predict", model, "--file", "some.txt", "--out", "pipe")
        assert (tmp_path / "pipe").is_fifo()
    here(tmp_path, "predict", model, "--file", "some.txt", "--out", "answers.csv")   # a line is a text, whatever the run's column is called
    assert (tmp_path / "answers.csv").read_text().startswith("text,predicted,probability\nDraw a line.,plots,")


def test_rows_without_a_text_have_no_answer_and_stop_nobody(fitted, tmp_path, capsys):
    (tmp_path / "gaps.csv").write_text("remark;id\nDraw a line.;1\n;2\n", encoding="utf-16")   # as Excel writes it, semicolons and all
    said = here(tmp_path, "predict", fitted[0] / "experiments/baseline/mine-tfidf", "--file", "gaps.csv").splitlines()
    assert said[1].startswith("Draw a line.,1,plots,0.") and said[2] == ",2,," and "no answer: 1" in capsys.readouterr().err


def test_a_header_that_cannot_be_meant_is_told(fitted, tmp_path, mistake):  # noqa: F811
    lines = rows(20).assign(more="x").to_csv(index=False, header=False)
    twice, nameless = "two columns are called 'text'", "'Unnamed: 1', as a column without a name is called"
    for header, told in (("text,label,text", twice), ("text ,label,text", twice), ("Survey 2026,,", nameless), ("text, ,more", nameless)):
        (tmp_path / "mine.csv").write_text(f"{header}\n{lines}")
        assert told in mistake(tmp_path, "fit", "mine.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["mine.csv"]
    (tmp_path / "mine.csv").write_text("remark\n")
    assert "has no rows" in mistake(tmp_path, "predict", fitted[0] / "experiments/baseline/mine-tfidf", "--file", "mine.csv")


@pytest.mark.parametrize("setting", ["label_smoothing=1", "word_dropout=1", "ema_decay=1", "decay_ratio=0", "warmup_ratio=2",
    "betas=[1, 0.9]", "muon_lr=0", "schedule=step", "optimizer=sgd", "class_weights=some", "early_stopping=0", "word_init=glove",
    "evaluate_every=0", "use_amp=bf16"])
def test_a_recipe_out_of_range_is_named(tmp_path, mistake, setting):  # noqa: F811
    said = mistake(tmp_path, "new", "finetuning", "x", *sets("training." + setting))
    assert setting.split("=")[0] in said and not list(tmp_path.iterdir())


def test_from_something_that_is_not_there_lists_what_is(tmp_path, mistake):  # noqa: F811
    assert "wiki-mini" in mistake(tmp_path, "new", "finetuning", "x", "--from", "wiki-maxi")


def test_class_weights_want_each_class_among_the_training_texts(tmp_path, mistake):  # noqa: F811
    with pytest.raises(UserError, match="without any: io"): balanced_weights([30, 30, 0], ["maths", "plots", "io"])
    (tmp_path / "split").mkdir()
    for name, more in (("train", []), ("val", [("Write a file.", "io")]), ("test", [])):
        pd.concat([rows(20), pd.DataFrame(more, columns=["text", "label"])]).to_csv(tmp_path / f"split/{name}.csv", index=False)
    here(tmp_path, "new", "finetuning", "x", *TINY, *sets("data.corpus=split", "training.class_weights=balanced"))
    assert "'io'" in mistake(tmp_path, "train", "x")


def test_muon_without_matrices():
    tiny = {"vocab_size": 10, "embedding_dim": 8, "num_layers": 1, "mlp_size": 8, "attention": {"num_heads": 1}}
    model = TransformerForSequenceClassification(ModelConfig(architecture=tiny))
    model.encoder.blocks = nn.ModuleList()
    with pytest.raises(UserError, match="there are none: use adamw"): make_optimizer(model, OptimConfig(optimizer="muon"))


def test_a_tokenizer_that_does_not_fit_the_weights(tmp_path, fitted, mistake):  # noqa: F811
    rows().to_csv(tmp_path / "mine.csv", index=False)
    WordPieceTokenizer.train(["Return the sine."], tmp_path / "other", vocab_size=60)
    here(tmp_path, "new", "finetuning", "x", "--from", "wiki-mini", *sets("data.corpus=mine.csv"))
    assert "cannot be changed" in mistake(tmp_path, "new", "finetuning", "y", "--from", "wiki-mini", *sets("tokenizer.vocab_dir=other"))
    file = tmp_path / "experiments/finetuning/x/config.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"tokenizer": {"vocab_dir": "other"}}))
    assert "has learnt other word pieces" in mistake(tmp_path, "train", "x")
    model = fitted[0] / "experiments/finetuning/mine/model"
    (tmp_path / "mixed").mkdir()
    for part in model.iterdir(): (tmp_path / "mixed" / part.name).write_bytes(part.read_bytes())
    WordPieceTokenizer.train(["Return the sine."], tmp_path / "mixed", vocab_size=60)
    assert "not the one that the weights" in mistake(tmp_path, "predict", "mixed", "sine")
