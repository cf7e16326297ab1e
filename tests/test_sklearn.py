"""scikit-learn's own checks of an estimator, those that apply to one that reads texts.

`check_estimator` draws matrices of numbers for most of its checks; for an estimator whose tags say "strings, not two-dimensional" it runs
none of them. The checks below need no data, or only the constructor, and are called by name. What needs texts is in chapter 32b.
"""
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.utils import estimator_checks as checks

from textclf_nb.use.sklearn import TextClassifier, TextEmbedder

TINY = {"tokenizer": {"vocab_size": 300},
    "architecture": {"embedding_dim": 16, "num_layers": 1, "mlp_size": 16, "attention": {"num_heads": 2}}}
TEXTS = [f"{word} {number} is a {word} thing" for number in range(40) for word in ("red", "blue")]
LABELS = ["warm", "cold"] * 40


def tiny(): return TextClassifier(pretrained=None, epochs=1, max_length=16, settings=TINY)


@pytest.mark.parametrize("name", ["no_attributes_set_in_init", "parameters_default_constructible", "get_params_invariance", "set_params",
    "estimator_repr", "valid_tag_types", "do_not_raise_errors_in_init_or_set_params", "mixin_order"])
@pytest.mark.parametrize("make", [tiny, TextEmbedder], ids=["TextClassifier", "TextEmbedder"])
def test_checks_of_the_constructor(name, make):
    getattr(checks, f"check_{name}")(type(make()).__name__, make())


def test_calibrated():
    "Another library's wrapper around it: calibration by held-out folds."
    model = CalibratedClassifierCV(tiny(), cv=2).fit(TEXTS, LABELS)
    assert model.predict_proba(TEXTS[:4]).shape == (4, 2) and list(model.classes_) == ["cold", "warm"]


def test_refit_forgets_the_model_in_memory():
    model = tiny().fit(TEXTS, LABELS)
    model.predict(TEXTS[:1])
    model.fit(TEXTS, [{"warm": 1., "cold": 0.}[x] for x in LABELS])   # whole numbers, from a column that once had gaps
    assert set(model.predict(TEXTS)) <= {0, 1}


@pytest.mark.parametrize("texts, labels, more, told", [
    (TEXTS, ["warm", 1] * 40, {}, "partly strings"), (TEXTS, [None, "cold"] * 40, {}, "partly strings"),
    (TEXTS, [0.5, 1.5] * 40, {}, "continuous"), (TEXTS, ["cold"] * 80, {}, "one class only"), (TEXTS, LABELS[:9], {}, "80 texts, 9 labels"),
    (["", *TEXTS[1:]], LABELS, {}, "text 1 is ''"), ([], [], {}, "at least one"), ("a text", ["a"], {}, "put it in a list"),
    (TEXTS, LABELS, {"attention": "flavour"}, "did you mean 'favor'"), (TEXTS, LABELS, {"epochs": 0}, "greater than or equal to 1"),
    (TEXTS, LABELS, {"pretrained": "nobody"}, "no encoder of the package"), (TEXTS, LABELS, {"random_state": "x"}, "cannot be used"),
    (TEXTS, LABELS, {"settings": {"training": {"epoch": 1}}}, "did you mean 'epochs'"),
    (TEXTS, LABELS, {"settings": "fast"}, "give a dictionary")])
def test_bad_input_is_one_line_of_scikit_learns_type(texts, labels, more, told):
    with pytest.raises(ValueError, match=told) as e: tiny().set_params(**more).fit(texts, labels)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("size", [{"max_length": 0}, {"batch_size": 0}, {"batch_size": 2.5}, {"batch_size": None}, {"batch_size": True}])
def test_sizes_that_are_none(size):
    with pytest.raises(ValueError, match="give a whole number"): TextEmbedder(**size).fit(TEXTS)


def test_not_fitted_is_scikit_learns_own():
    for ask in (tiny().predict, tiny().predict_proba, TextEmbedder().transform): pytest.raises(NotFittedError, ask, TEXTS)
