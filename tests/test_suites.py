"""Every shipped suite, planned at both scales; a small one executed through papermill as a user would."""
from pathlib import Path

import pytest

from textclf_nb.core import UserError
from textclf_nb.lab.execution import run_suite
from textclf_nb.lab.runs import load_config
from textclf_nb.lab.suites import plan

root = Path(__file__).parents[1]
SUITES = sorted((root / "experiments/suites").glob("*.yaml"))
TRAININGS = {"thesis": 63, "finetune-search": 40, "hybrid-thesis": 8, "lsh-mask": 2}   # the thesis's own numbers of runs


def trainings(file, scale):
    return [c for c in plan(file, scale=scale) if c.config]


@pytest.mark.parametrize("file", SUITES, ids=lambda p: p.stem)
def test_a_shipped_suite_can_be_planned(file):
    full = trainings(file, None)
    assert len(full) == TRAININGS.get(file.stem, len(full))
    small = trainings(file, "tiny")
    assert {c.stage for c in small} == {c.stage for c in full}
    assert max(c.config.tokenizer.max_length for c in small) <= 64 and all(c.config.training.epochs == 1 for c in small)
    assert all(c.config.data.corpus in ("docstrings", "needle", "modules") for c in small), "a tiny suite downloads nothing"


@pytest.mark.parametrize("name", ["thesis", "hybrid-thesis"])
def test_published_numbers_name_runs_of_the_suite(name):
    compared = [c for c in plan(root / f"experiments/suites/{name}.yaml") if c.parameters.get("reference")]
    assert compared
    for cell in compared:
        for source, scores in cell.parameters["reference"].items():
            assert source.startswith("thesis, table ")
            for part in scores: assert [c for c in cell.of if f"-{part}-" in f"-{c.name}-"], (cell.name, part)


def test_a_real_suite_exchanges_attention_adapts_and_fine_tunes(tmp_path, capsys):
    file, given = root / "experiments/suites/stability.yaml", ["seeds=[0]", "data.limit=60",
        'stages.compare.parameters.reference={"thesis, table 4.13": {lsh: 92.78, sdpa: 92.86}}']
    only = ["lsh", "stability-tiny-imdb"]
    first = run_suite(file, tmp_path, scale="tiny", assignments=given, only=only)
    assert list(first.values()) == ["finished"] * 3, first
    assert [Path(d).name for d in first] == ["stability-tiny-adapt-lsh-imdb-512",
                                              "stability-tiny-finetune-lsh-imdb-512-s0", "stability-tiny-imdb"]
    for run in list(first)[:2]: assert load_config(run).architecture.attention.kind == "lsh"
    page = (Path(list(first)[2]) / "report.html").read_text()
    assert "Beside published numbers" in page and '<td class="t">thesis, table 4.13</td>' in page and "92.78" in page
    again = run_suite(file, tmp_path, scale="tiny", assignments=given, only=only)
    assert set(again.values()) == {"finished before"}
    with pytest.raises(UserError, match="training.epochs: 1, now 2"):
        run_suite(file, tmp_path, scale="tiny", assignments=[*given, "training.epochs=2"], only=only)
    capsys.readouterr()
