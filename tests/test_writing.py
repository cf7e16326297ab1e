"""A decoder's run through the command: it writes as it goes, and what is wrong is one line."""
import io
import sys

import pytest
from test_cli import SMALL, here, mistake, rows, sets  # noqa: F401  a fixture

from textclf_nb.use.cli import main


@pytest.fixture(scope="module")
def scribe(tmp_path_factory):
    "A folder with a finished decoder, and a classifier beside it."
    cwd = tmp_path_factory.mktemp("scribe")
    rows().to_csv(cwd / "mine.csv", index=False)
    for kind, name, epochs in (("language_model", "scribe", 4), ("finetuning", "judge", 1)):
        here(cwd, "new", kind, name, *sets("data.corpus=mine.csv", *SMALL, f"training.epochs={epochs}"))
        here(cwd, "train", name)
    return cwd


class Screen(io.StringIO):
    "What stood there each time it was refreshed."
    def __init__(self): super().__init__(); self.seen = []
    def flush(self): self.seen.append(self.getvalue())


def test_a_text_appears_before_it_is_finished(scribe, monkeypatch):
    monkeypatch.chdir(scribe)
    monkeypatch.setattr(sys, "argv", ["textclf", "generate", "scribe", "Draw", "--max-tokens", "9"])
    monkeypatch.setattr(sys, "stdout", screen := Screen())
    with pytest.raises(SystemExit): main()
    assert len(set(screen.seen)) > 5 and screen.seen[0].startswith("Draw") and len(screen.seen[0]) < len(screen.getvalue())/2


def test_a_writer_is_trained_for_longer_and_starts_no_classifier(scribe, mistake):  # noqa: F811
    assert "give a pretraining or finetuning run" in mistake(scribe, "new", "finetuning", "x", "--from", "language_model/scribe")
    here(scribe, "new", "language_model", "novelist", "--from", "language_model/scribe", *sets("training.epochs=1"))
    out = here(scribe, "train", "novelist")
    assert "starts from language_model/scribe" in out and "0 new, 0 left" in out


def test_the_same_seed_writes_the_same_and_a_stop_string_ends_it(scribe):
    def written(*how): return here(scribe, "generate", "scribe", "Draw", "--max-tokens", 20, *how).removesuffix("\n")
    whole = written("--seed", 3, "--temperature", 2, "--top-k", 50, "--top-p", .95)
    assert whole == written("--seed", 3, "--temperature", 2, "--top-k", 50, "--top-p", .95)
    assert len({written("--seed", s, "--temperature", 3) for s in range(4)}) > 1
    stop = whole[7:10]
    assert written("--seed", 3, "--temperature", 2, "--top-k", 50, "--top-p", .95, "--stop", stop) == whole[:whole.index(stop, 4)]
    sure = written("--temperature", 0)
    assert written("--temperature", 0, "--no-cache") == sure
    assert written("--temperature", 0, "--repetition-penalty", 50) != sure or len(set(sure.split())) == len(sure.split())


def test_a_beginning_longer_than_the_context_slides_or_is_refused(scribe, mistake):  # noqa: F811
    long = "points " * 40
    assert here(scribe, "generate", "scribe", long, "--max-tokens", 3).startswith(long)
    assert "more than max_sequence_length = 32" in mistake(scribe, "generate", "scribe", long, "--context", "refuse")


@pytest.mark.parametrize("arguments, words", [
    (["judge", "Draw"], "is no language model and cannot write"), (["nobody", "Draw"], "no such run"),
    (["scribe", "Draw", "--top-p", 0], "top_p"), (["scribe", "Draw", "--top-p", 1.01], "top_p"),
    (["scribe", "Draw", "--top-k", 0], "top_k"), (["scribe", "Draw", "--temperature", -1], "temperature"),
    (["scribe", "Draw", "--temperature", "nan"], "temperature"), (["scribe", "Draw", "--max-tokens", 0], "max_new_tokens"),
    (["scribe", "Draw", "--repetition-penalty", .5], "repetition_penalty"), (["scribe", "Draw", "--seed", -1], "seed"),
    (["scribe", "Draw", "--stop", ""], "a stop string is empty"), (["scribe", "Draw", "--context", "grow"], "context")])
def test_what_cannot_be_written_is_one_line(scribe, mistake, arguments, words):  # noqa: F811
    assert words in mistake(scribe, "generate", *arguments)
