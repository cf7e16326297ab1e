"FAVOR+: the wall of comparisons behind chapters 04 and 07, other processors, the memory of a whole process."
import os
import subprocess
import sys
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

from textclf_nb.attention import build_attention
from textclf_nb.attention import favor as favor_module
from textclf_nb.attention import favor_fast as fast_module
from textclf_nb.attention.base import allowed, toeplitz
from textclf_nb.attention.favor import PHI, feature_map

N, H, D = 37, 3, 8


def randn(*shape, seed=0, dtype=torch.double):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1000 + seed), dtype=dtype)


KEYS = torch.arange(N) < torch.tensor([[N], [20]])
SOME = torch.rand(N, N, generator=torch.Generator().manual_seed(5)) < 0.5
MASKS = {"none": None, "causal": torch.ones(N, N, dtype=torch.bool).tril(), "some": SOME,
         "heads": torch.stack([SOME] * 2)[:, None] & torch.rand(2, H, N, N, generator=torch.Generator().manual_seed(6)).lt(0.8)}


def naive_favor(core, q, k, v, key_mask=None, attn_mask=None, position_bias=None):
    "(3.34) with the kernel matrix written out: no stabiliser, no pieces; only the frame and the directions are shared."
    f = feature_map(core, q, k, None if key_mask is None else key_mask[:, None, :, None], attn_mask is None)
    phi = {"relu": torch.relu, "elu": lambda t: F.elu(t) + 1}.get(f.phi, torch.exp)
    A = phi(f.queries(q)) @ phi(f.keys(k)).mT
    if position_bias is not None: A = A * toeplitz(position_bias).exp()
    mask = allowed(key_mask, attn_mask)
    if mask is not None: A = A * mask
    total = A.sum(-1, keepdim=True) + f.eps
    return A @ v / total.masked_fill(total == 0, torch.inf)


def gradients(run, how):
    inputs = [randn(2, H, N, D, seed=i).requires_grad_() for i in range(3)]
    bias = how.get("position_bias")
    out = run(*inputs, **how)
    return [out, *torch.autograd.grad(out.sin().sum(), inputs + ([] if bias is None else [bias]))]


@pytest.mark.filterwarnings("ignore:favor writes out")
@pytest.mark.parametrize("keys", [None, KEYS], ids=["all", "padded"])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("biased", [False, True], ids=["plain", "bias"])
@pytest.mark.parametrize("phi", PHI)
@pytest.mark.parametrize("small", [False, True], ids=["whole", "pieces"])
def test_both_implementations_equal_the_naive_form(monkeypatch, small, phi, biased, mask, keys):
    "Values and gradients in float64: 1e-8 is rounding of sums in another order."
    if small:   # pieces of five tokens, one text at a time, nothing kept
        def small_pieces(B, N, *_): return [slice(b, b + 1) for b in range(B)], [slice(n, n + 5) for n in range(0, N, 5)]
        monkeypatch.setattr(fast_module, "pieces", small_pieces)
        monkeypatch.setattr(fast_module, "KEEP", 0)
    bias = randn(H, 2 * N - 1, seed=4).requires_grad_() if biased else None
    how = dict(key_mask=keys, attn_mask=MASKS[mask], position_bias=bias)
    cores = [build_attention("favor", D, H, nb_features=16, phi=phi, eps=0, implementation=i, seed=3) for i in ("plain", "fast")]
    expected = gradients(lambda *x, **h: naive_favor(cores[0], *x, **h), how)
    for core in cores:
        for a, b in zip(gradients(core, how), expected): assert torch.allclose(a, b, rtol=1e-8, atol=1e-8)


OPTIONS = [dict(stabilize=False), dict(stabilize=False, eps=0.1), dict(phi="relu", eps=0.1), dict(shrink=True), dict(center=False),
           dict(psi_scaling=False), dict(center=False, psi_scaling=False, phi="optimal"), dict(ortho_features=False),
           dict(nb_features=17, phi="optimal"), dict(nb_features=2, phi="cosh"), dict(nb_features=1)]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("mask", ["none", "causal"])
def test_every_option_in_both_implementations(options, mask):
    if mask == "causal" and ("shrink" in options or options.get("center") or options.get("psi_scaling")): pytest.skip("refused by name")
    how = dict(key_mask=KEYS, attn_mask=MASKS[mask])
    both = [gradients(build_attention("favor", D, H, **({"nb_features": 16} | options), implementation=i), how) for i in ("plain", "fast")]
    for a, b in zip(*both): assert torch.allclose(a, b, rtol=1e-8, atol=1e-8)


EMPTY = """
import torch
from textclf_nb.attention import build_attention
N = 300
q, k, v = (torch.randn(2, 2, N, 8, generator=torch.Generator().manual_seed(i)) for i in range(3))
keys, causal = torch.arange(N) < torch.tensor([[N], [40]]), torch.ones(N, N, dtype=torch.bool).tril()
keys[:, :3] = False
bias = torch.randn(2, 2 * N - 1, generator=torch.Generator().manual_seed(3))
for name in ("plain", "fast"):
    core = build_attention("favor", 8, 2, nb_features=2, phi="relu", eps=0, implementation=name)
    core.warned = True
    Q, K = (torch.relu(t * 8 ** -0.25 @ core.omega.mT) for t in (q, k))
    empty = ~((Q @ K.mT > 0) & keys[:, None, None] & causal).any(-1)
    assert empty[:, :, 3:].any() and empty[:, :, :3].all()
    for b in (None, bias, 30 * bias):
        out = core(q, k, v, keys, causal, b)
        assert (out[empty] == 0).all(), out[empty].abs().max()
        assert out.abs().max() <= v.abs().max() * 1.01
"""


MACHINES = [{"ATEN_CPU_CAPABILITY": "default"}, {"ATEN_CPU_CAPABILITY": "avx2"}, {"MKL_CBWR": "COMPATIBLE"}]


@pytest.mark.parametrize("machine", MACHINES, ids=str)
def test_a_denominator_of_zero_is_zero_on_every_processor(machine):
    "relu, causal, key mask, position bias: 1.72 instead of 0 where a Fourier transform had made rounding of the zero."
    subprocess.run([sys.executable, "-c", EMPTY], check=True, env=os.environ | machine)


def test_a_denominator_of_zero_is_zero_on_this_processor(): exec(EMPTY, {})  # noqa: S102


@pytest.mark.parametrize("name", ["plain", "fast"])
@pytest.mark.parametrize("phi", PHI)
def test_large_logits_in_half_precision(phi, name):
    x, values = F.normalize(randn(1, 4, 64, 64, dtype=torch.float32), dim=-1) * 400**0.5, randn(1, 4, 64, 64, seed=2, dtype=torch.float32)
    sign = torch.where(torch.arange(64) % 2 == 0, 1.0, -1.0)[:, None]
    core = build_attention("favor", 64, 4, nb_features=64, phi=phi, implementation=name)
    causal = torch.ones(64, 64, dtype=torch.bool).tril()
    core.warned = True
    for dtype in (torch.bfloat16, torch.float16):
        for how in ({}, {"attn_mask": causal}, {"position_bias": randn(4, 127, dtype=torch.float32)}):
            for cast, auto in ((torch.float32, True), (dtype, False)):
                q, k, v = (t.detach().to(cast).clone().requires_grad_() for t in (x, x * sign, values))
                with torch.autocast("cpu", dtype=dtype, enabled=auto): out = core(q, k, v, **how)
                out.float().square().sum().backward()
                assert out.dtype == cast and all(t.isfinite().all() for t in (out, q.grad, k.grad, v.grad))
                assert out.abs().max() <= v.abs().max() * 1.01, "a weighted mean of values cannot exceed them"


@pytest.mark.parametrize("name", ["plain", "fast"])
@pytest.mark.parametrize("n", [1, 2, 31, 4097])
def test_lengths_that_fit_nothing(n, name):
    core = build_attention("favor", 8, 2, nb_features=16, implementation=name)
    q, k, v = (randn(1, 2, n, 8, seed=i, dtype=torch.float32).requires_grad_() for i in range(3))
    out = core(q, k, v)
    out.sum().backward()
    assert out.shape == q.shape and q.grad.isfinite().all() and k.grad.isfinite().all()
    if n == 1: assert torch.allclose(out, v, atol=1e-6)   # a single key gets all the weight


@pytest.mark.parametrize("name", ["plain", "fast"])
@pytest.mark.parametrize("reentrant", [False, True])
def test_redraws_count_passes_once_even_when_recomputed(name, reentrant):
    core, twin = (build_attention("favor", D, 2, nb_features=16, redraw_interval=2, seed=7, implementation=name) for _ in range(2))
    x = [randn(1, 2, 12, D, seed=i).requires_grad_() for i in range(3)]
    for step in range(5):
        a = torch.autograd.grad(core(*[t * 1 for t in x]).sin().sum(), x)
        b = torch.autograd.grad(checkpoint(twin, *x, use_reentrant=False).sin().sum(), x) if not reentrant else None
        if reentrant:
            for t in x: t.grad = None
            checkpoint(twin, *x, use_reentrant=True).sin().sum().backward()
            b = [t.grad for t in x]
        assert int(core.calls) == int(twin.calls) == step + 1 and torch.equal(core.omega, twin.omega)
        for s, t in zip(a, b): assert torch.allclose(s, t, rtol=1e-10, atol=1e-12)
    with torch.no_grad(): core(*x)
    core.eval()(*x)
    assert int(core.calls) == 5


@pytest.mark.parametrize("name", ["plain", "fast"])
def test_several_passes_before_one_backward_share_their_directions(name):
    core = build_attention("favor", D, 2, nb_features=16, redraw_interval=1, implementation=name)
    x = [randn(1, 2, 12, D, seed=i).requires_grad_() for i in range(3)]
    core(*x).sum().backward()
    (core(*x) + core(*x)).sum().backward()
    assert int(core.calls) == 3


def test_the_global_generator_is_not_touched_and_the_warning_comes_once():
    state = torch.get_rng_state()
    core = build_attention("favor", D, H, redraw_interval=1)
    assert torch.equal(torch.get_rng_state(), state)
    x = [randn(1, H, N, D, seed=i) for i in range(3)]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for _ in range(2): core(*x, attn_mask=SOME)
    assert [w for w in seen if "N × N kernel matrix" in str(w.message)] and len(seen) == 1


@pytest.mark.parametrize("name", ["plain", "fast"])
def test_compiled_graphs_agree(name):
    core = build_attention("favor", D, 2, nb_features=16, implementation=name)
    x = [randn(1, 2, 12, D, seed=i, dtype=torch.float32).requires_grad_() for i in range(3)]
    plain, again = core(*x), torch.compile(core, backend="aot_eager", fullgraph=False)(*x)
    assert torch.allclose(plain, again, atol=1e-6)
    for a, b in zip(*(torch.autograd.grad(o.sin().sum(), x) for o in (plain, again))): assert torch.allclose(a, b, atol=1e-5)


def test_directions_do_not_share_a_stream_with_weights_or_data():
    "The seed of a run also seeds its weights: directions must not repeat those numbers."
    ours = favor_module.draw_features(favor_module.FavorConfig(nb_features=64, ortho_features=False), 64, seed=0)
    assert not torch.equal(ours, torch.randn(64, 64, generator=torch.Generator().manual_seed(0)))


LONG = """
import torch
from textclf_nb.attention import build_attention
from textclf_nb.training.tracking import peak_memory_mib   # chapter 20: what `resource` says is the greater of this process and its parent
q, k, v = (torch.randn(1, 8, 65_536, 64, requires_grad=True) for _ in range(3))
build_attention("favor", 64, 8, nb_features=64)(q, k, v).sum().backward()
assert all(x.grad.isfinite().all() for x in (q, k, v))
print(peak_memory_mib() / 2**10)
"""


def test_a_long_text_fits_in_a_small_process():
    "Forward and backward of 65,536 tokens, 8 heads of 64, 64 features: under 2.5 GiB (q, k, v and what is returned are 1.0)."
    peak = float(subprocess.run([sys.executable, "-c", LONG], check=True, capture_output=True, text=True).stdout)
    assert peak < 2.5, f"{peak:.2f} GiB"
