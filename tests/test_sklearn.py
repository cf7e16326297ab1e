"""scikit-learn's own checks of an estimator, those that apply to one that reads texts.

`check_estimator` draws matrices of numbers for most of its checks; for an estimator whose tags say "strings, not two-dimensional" it runs
none of them. The checks below need no data, or only the constructor, and are called by name. What needs texts is in chapter 32b.
"""
import pytest
from sklearn.calibration import CalibratedClassifierCV
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
    model.fit(TEXTS, [{"warm": 1, "cold": 0}[x] for x in LABELS])
    assert set(model.predict(TEXTS)) <= {0, 1}
