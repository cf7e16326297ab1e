"The kernels of chapters 07a and 07b, in Triton's interpreter, against the plain forms; and what is said where Triton is not."
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch

from textclf_nb.attention import build_attention, kernels
from textclf_nb.core import UserError

root = os.path.dirname(os.path.dirname(__file__))
needs_triton = pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not installed")


def randn(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1000 + seed)).to(dtype)


def gradients(core, *masks, n=37, dv=8, dtype=torch.float32):
    q, k, v = (randn(2, 1, n, d, seed=i, dtype=dtype).requires_grad_() for i, d in enumerate((8, 8, dv)))
    out = core(q, k, v, *masks)
    return [out, *torch.autograd.grad(out.float().sin().sum(), [q, k, v])]


def both(kind, **options):
    return [build_attention(kind, 8, 1, **options, implementation=i) for i in ("triton", "plain")]


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    monkeypatch.setattr(kernels, "TILE", 16)
    monkeypatch.setattr(kernels, "PART", 32)


def same(ours, plain, tolerance):
    for a, b in zip(ours, plain): assert torch.allclose(a.float(), b.float(), rtol=tolerance, atol=tolerance), (a - b).abs().max()


FAVOR = [dict(nb_features=20), dict(nb_features=3, phi="optimal", shrink=True), dict(nb_features=16, phi="relu", eps=0.1),
         dict(nb_features=17, stabilize=False)]


@needs_triton
@pytest.mark.parametrize("options", FAVOR, ids=str)
def test_favor_in_tiles_equals_the_plain_form(options):
    keys = torch.arange(37) < torch.tensor([[37], [20]])
    same(*(gradients(core, keys) for core in both("favor", **options)), 2e-4)


@needs_triton
@pytest.mark.parametrize("n", [1, 16, 33])
def test_lengths_and_value_sizes_that_fit_no_tile(n):
    same(*(gradients(core, n=n, dv=5) for core in both("favor", nb_features=20)), 2e-4)


@needs_triton
@pytest.mark.parametrize("options", [FAVOR[0], FAVOR[2], FAVOR[3]], ids=str)
def test_causal_favor_in_chunks_equals_the_plain_form(options):
    keys = torch.stack([torch.arange(37) >= 18, torch.zeros(37, dtype=torch.bool)])   # first chunk without a key; nothing at all
    causal = torch.ones(37, 37, dtype=torch.bool).tril()
    ours, plain = (gradients(core, keys, causal) for core in both("favor", **options))
    same(ours, plain, 2e-4)
    assert (ours[0][1] == 0).all() and (ours[0][0, :, :18] == 0).all()


@needs_triton
def test_bfloat16_and_texts_without_a_valid_token():
    keys = torch.arange(37) < torch.tensor([[37], [0]])
    ours, plain = (gradients(core, keys, dtype=torch.bfloat16) for core in both("favor", nb_features=20))
    same(ours, plain, 4e-2)
    assert all((x[1] == 0).all() for x in ours)


@needs_triton
def test_what_does_not_fit_a_tile_falls_back_with_one_line():
    core = build_attention("favor", 160, 1, nb_features=8, implementation="triton")
    x = randn(1, 1, 5, 160)
    with pytest.warns(UserWarning, match="heads of up to 64 numbers.*'fast' answers"): out = core(x, x, x)
    assert torch.allclose(out, build_attention("favor", 160, 1, nb_features=8, implementation="fast")(x, x, x))


ABSENT = """
import sys
sys.modules["triton"] = None                     # as if it were not installed
import importlib.util
importlib.util.find_spec = lambda name, find=importlib.util.find_spec: None if name == "triton" else find(name)
import torch
from textclf_nb.attention import available_implementations, build_attention
from textclf_nb.core import UserError
assert available_implementations("favor") == available_implementations("lsh") == ["plain", "fast"]
x = torch.randn(1, 1, 5, 8)
build_attention("favor", 8, 1)(x, x, x)
try: build_attention("favor", 8, 1, implementation="triton")
except UserError as e: print(e)
"""


def test_without_triton_all_else_works_and_it_is_refused_in_one_line():
    said = subprocess.run([sys.executable, "-c", ABSENT], check=True, capture_output=True, text=True, cwd=root).stdout
    assert said.count("\n") == 1 and "the package triton is not installed: pip install 'textclf-nb[triton]'" in said
    assert "auto, plain, fast" in said


@needs_triton
def test_on_a_cpu_kernels_run_in_the_interpreter_only(monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET")
    x = randn(1, 1, 5, 8)
    with pytest.raises(UserError, match="kernels run on CUDA devices, and q is on 'cpu'"): both("favor")[0](x, x, x)
    assert build_attention("favor", 8, 1).chosen(x, x, x, None, None, None) == "fast"

@needs_triton
@pytest.mark.parametrize("options", [dict(chunk_size=8, num_hashes=2), dict(chunk_size=5, num_hashes=1, mask_within_chunks=False)], ids=str)
@pytest.mark.parametrize("dtype, eps", [(torch.float32, 1e-4), (torch.bfloat16, 4e-2)], ids=str)
def test_lsh_by_kernels_equals_the_plain_form(options, dtype, eps):
    keys = torch.arange(37) < torch.tensor([[37], [20], [0]])
    answers = []
    for core in both("lsh", **options):
        q, v = (randn(3, 1, 37, d, seed=i, dtype=dtype).requires_grad_() for i, d in enumerate((8, 5)))
        out = core.eval()(q, q, v, keys)
        assert out.dtype == dtype and not out[2].any()
        answers.append([x.float() for x in (out, *torch.autograd.grad(out.float().sin().sum(), [q, v]))])
    same(*answers, eps)


@needs_triton
@pytest.mark.parametrize("options, reason", [(dict(combine="logsumexp", num_hashes=2), "the rounds by their mean"),
                                             (dict(chunk_size=200), "chunks of up to 64 tokens, not 200")])
def test_what_the_kernels_of_lsh_cannot_do_is_refused_by_name_and_passed_over_by_auto(options, reason):
    x = randn(1, 1, 9, 8)
    with pytest.raises(UserError, match=reason): build_attention("lsh", 8, 1, **options, implementation="triton")(x, x, x)
    assert build_attention("lsh", 8, 1, **options).chosen(x, x, x, None, None, None) == "fast"


@needs_triton
def test_in_a_compiled_graph_kernels_are_one_operator():
    torch._dynamo.reset()
    core = build_attention("favor", 8, 1, nb_features=20, implementation="triton")
    same(gradients(torch.compile(core, fullgraph=True, backend="aot_eager")), gradients(core), 1e-6)
