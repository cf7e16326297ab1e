"""Pictures through the command, and what is wrong with them in one line."""
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from test_cli import here, mistake  # noqa: F401  a fixture

from textclf_nb.data.pictures import decode
from textclf_nb.model.vision import PictureConfig

SMALL = ["-s", "pictures={size: 8, patch: 4, channels: 1}", "-s", "training.epochs=1", "-s", "logging.use_wandb=false",
         "-s", "architecture={embedding_dim: 16, num_layers: 1, mlp_size: 32, attention: {num_heads: 2}}"]
NEW = ["new", "pictures", "pets", "-s", "data.corpus=pets", "-s", "training.patch_init=whitened"]


def encoded(x, kind="PNG"):
    Image.fromarray(x).save(out := BytesIO(), kind)
    return out.getvalue()


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    "A folder per class, in two formats, a table of the same pictures, and a finished run."
    cwd, rng = tmp_path_factory.mktemp("album"), np.random.default_rng(0)
    rows = []
    for label, grey in (("dark", 50), ("light", 200)):
        (cwd / "pets" / label).mkdir(parents=True)
        for i in range(20):
            x, kind = (grey + rng.integers(-40, 40, (9 + i, 12))).astype(np.uint8), ("PNG", "JPEG")[i % 2]
            (cwd / "pets" / label / f"{i}.{kind.lower()}").write_bytes(encoded(x, kind))
            rows.append((encoded(x, kind), label))
    pd.DataFrame(rows, columns=["picture", "label"]).to_parquet(cwd / "pets.parquet")
    here(cwd, *NEW, *SMALL)
    assert "accuracy" in here(cwd, "train", "pets")
    return cwd


def test_a_run_of_pictures_is_scored_asked_and_reported(album):
    assert "accuracy" in here(album, "eval", "pets") and "pets.parquet" in here(album, "eval", "pets", "--file", "pets.parquet")
    answers = here(album, "predict", "pets", "pets/dark/0.png", "pets/light/1.jpeg").splitlines()
    assert [a.split("\t")[0] in ("dark", "light") for a in answers] == [True, True]
    assert "pets" in here(album, "compare", "pets") and "pictures" in here(album, "runs")
    assert "embeddings" in here(album, "cost", "parameters", "pets")


def test_a_run_of_pictures_is_trained_for_longer(album, mistake):  # noqa: F811
    assert "give a pictures run" in mistake(album, "new", "pictures", "x", "--from", "wiki-mini")
    here(album, "new", "pictures", "more", "--from", "pictures/pets", "-s", "training.epochs=1")
    assert "starts from pictures/pets" in (out := here(album, "train", "more")) and "0 new, 0 left" in out


def test_a_table_of_files_is_the_corpus_that_the_folder_is(album):
    assert "light" in here(album, "corpus", "show", "pets.parquet")
    pd.read_parquet(album / "pets.parquet").rename(columns={"picture": "jpeg"}).to_parquet(album / "jpegs.parquet")
    assert "light" in here(album, "corpus", "show", "jpegs.parquet", "-s", "data.picture_col=jpeg")


@pytest.mark.parametrize("name, content, words", [
    ("cut.jpg", encoded(np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8), "JPEG")[:500], "damaged"),
    ("text.png", b"not a picture at all", "not a picture (20 bytes)"), ("absent.png", None, "no such file")])
def test_a_bad_picture_is_one_line(album, mistake, name, content, words):  # noqa: F811
    if content is not None: (album / name).write_bytes(content)
    error = mistake(album, "predict", "pets", name)
    assert words in error and name in error


def test_a_huge_picture_is_refused_by_its_header(album, mistake):  # noqa: F811
    Image.new("1", (20_000, 20_000)).save(album / "huge.png")
    assert "more than 89,478,485 pixels" in mistake(album, "predict", "pets", "huge.png")


def test_maps_of_a_picture(album, mistake):  # noqa: F811
    assert "effective tokens" in here(album, "maps", "pets", "pets/dark/0.png")
    assert sorted(p.name for p in (album / "experiments/pictures/pets/maps").iterdir()) == ["heads.png", "picture.png"]
    assert "no such file" in mistake(album, "maps", "pets", "no.png")


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("mode, kind", [*((m, "PNG") for m in ("1", "L", "LA", "P", "I;16", "RGBA")), ("RGB", "JPEG"), ("CMYK", "JPEG")])
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (301, 7)])
def test_odd_sizes_and_modes_become_what_the_model_reads(channels, mode, kind, size):
    Image.new("RGB", size, (255, 255, 255)).convert("L" if mode == "I;16" else mode).convert(mode).save(out := BytesIO(), kind)
    x = decode(out.getvalue(), PictureConfig(size=8, patch=4, channels=channels), "odd")
    assert x.shape == (channels, 8, 8) and x.dtype == np.uint8
    if mode != "I;16": assert x.min() >= 250   # white stays white


def test_a_damaged_file_of_a_corpus_is_named_before_training(album, mistake, tmp_path):  # noqa: F811
    for label in "ab":
        (tmp_path / "corpus" / label).mkdir(parents=True)
        for i in range(12):
            data = encoded(np.full((8, 8), i, np.uint8))
            (tmp_path / "corpus" / label / f"{i}.png").write_bytes(data[:-30] if i == 7 else data)
    here(tmp_path, "new", "pictures", "x", "-s", "data.corpus=corpus", *SMALL)
    assert "7.png: damaged" in mistake(tmp_path, "train", "x")


@pytest.mark.parametrize("setting, words", [
    ("pictures={size: 8, patch: 3}", "patch = 3 does not divide size = 8"), ("pictures.channels=4", "1 (grey) or 3 (colours)"),
    ("tokenizer.max_length=9", "tokenizer means nothing to pictures"), ("training.word_dropout=0.1", "word_dropout means nothing"),
    ("architecture={embedding_dim: 36, attention: {num_heads: 6}}", "divisible by 4")])
def test_settings_that_do_not_fit_are_one_line(album, mistake, setting, words):  # noqa: F811
    assert words in mistake(album, "new", "pictures", "x", "-s", "data.corpus=pets", "-s", setting)
    assert not (album / "experiments" / "pictures" / "x").exists()


def test_a_run_of_texts_refuses_pictures(album, mistake):  # noqa: F811
    here(album, "new", "finetuning", "words", "-s", "data.corpus=pets")
    assert "holds pictures: texts or token numbers are needed here" in mistake(album, "train", "words")
    assert "holds pictures" in mistake(album, "baseline", "counts", "-s", "data.corpus=pets")
    for setting in ("mirror=true", "shift=1", "patch_init=whitened"):
        assert "for pictures" in mistake(album, "new", "finetuning", "y", "-s", f"training.{setting}")
    assert "predicted" in here(album, "predict", "pets", "--file", "pets.parquet").splitlines()[0]
