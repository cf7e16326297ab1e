"""The contract of chapter 01, once, for every registered mechanism, implementation and dtype; a new one is tested by being registered."""
import contextlib
import copy
import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from textclf_nb.attention import available_attention, available_implementations, build_attention
from textclf_nb.core import UserError


def ways(kind):
    "Implementations that a CPU can take everywhere; those for cards have chapters 07a to 07c and test_kernels.py."
    return [name for name in available_implementations(kind) if name not in ("triton", "flex")]


B, H, N, DH = 2, 2, 70, 16
KINDS = available_attention()
# each mechanism as it comes, and with the options that leave its exact or dense shortcuts out
VARIANTS = [(kind, {}) for kind in KINDS] + [
    ("mha", {"use_native_sdpa": False}),
    ("lsh", {"exact_below": 50, "chunk_size": 8}),   # short texts exactly, the others hashed
    ("lsh", {"chunk_size": 8}),
    ("lsh", {"chunk_size": 8, "mask_within_chunks": False, "combine": "logsumexp"}),
    ("favor", {"phi": "optimal", "nb_features": 32}),
    ("favor", {"phi": "relu"}),
    ("window", {"window": 8, "global_tokens": 2}),
    ("window", {"window": 30, "global_tokens": 0}),
    ("nystrom", {"landmarks": 8, "iterations": 4, "conv_size": 5}),
    ("nystrom", {"landmarks": 35}),
    ("linformer", {"projected": 9, "max_length": 4097}),
    ("near_far", {"window": 8, "chunk_size": 4}),
    ("near_far", {"window": 5, "chunk_size": 8, "global_tokens": 3, "far": "eva"}),
    ("near_far", {"window": 6, "chunk_size": 8, "far": "features", "nb_features": 16}),
    ("near_far", {"window": 6, "chunk_size": 8, "far": "spread"}),
    ("near_far", {"window": 5, "chunk_size": 4, "group": 2, "global_tokens": 2}),
    ("near_far", {"window": 4, "chunk_size": 2, "group": 3, "far": "spread"}),
]
ORDERED = {"lsh", "window", "near_far", "nystrom", "linformer", "cosformer"}   # the order of tokens decides who is near, or shares a bucket
VARIANTS += [(kind, {**options, "implementation": name}) for kind, options in VARIANTS for name in ways(kind)]
IDS = [f"{kind}-{'-'.join(map(str, options.values())) or 'default'}" for kind, options in VARIANTS]
every = pytest.mark.parametrize("kind, options", VARIANTS, ids=IDS)


def rand(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def cannot(kind, options, what):
    "Does a mechanism with these options declare that it cannot do this?"
    return what in core_of(kind, tuple(options.items())).cannot


def refuses(kind, options, what):
    """What a mechanism declares that it cannot do, it must refuse by name; the rest it must do."""
    if not cannot(kind, options, what): return contextlib.nullcontext()
    return pytest.raises(UserError, match=f"'{kind}' takes no {what}: ")


def too_long(core, n):
    "Is a text of n tokens beyond what the mechanism was built for?"
    return n > getattr(core.config, "max_length", n)


@functools.cache
def core_of(kind, options, seed=0):
    return build_attention(kind, DH, H, seed=seed, **dict(options)).eval()


def call(kind, options, x, v, fresh=False, **masks):
    core = build_attention(kind, DH, H, **options).eval() if fresh else core_of(kind, tuple(options.items()))
    return core(x, x if core.shared_qk else x.flip(-1), v, **masks)


@every
@pytest.mark.parametrize("n", [1, 2, 67, 4097])
def test_shape_for_every_length(kind, options, n):
    if too_long(core_of(kind, tuple(options.items())), n):
        with pytest.raises(UserError, match="max_length"): call(kind, options, rand(1, H, n, DH), rand(1, H, n, 5))
        return
    assert call(kind, options, rand(1, H, n, DH), rand(1, H, n, 5)).shape == (1, H, n, 5)


@every
@pytest.mark.parametrize("bias", [False, True])
def test_padding_changes_nothing(kind, options, bias):
    x, v, extra = rand(B, H, N, DH), rand(B, H, N, DH, seed=1), 37
    table = rand(H, 2 * (N + extra) - 1, seed=2) if bias else None
    if bias and cannot(kind, options, "position_bias"):
        with refuses(kind, options, "position_bias"): call(kind, options, x, v, position_bias=table[:, extra:-extra])
        return
    def bias_of(n):
        return {} if table is None else {"position_bias": table[:, N + extra - n:N + extra + n - 1]}
    mask = torch.arange(N) < torch.tensor([[N], [41]])
    short = call(kind, options, x, v, key_mask=mask, **bias_of(N))
    def pad(t):
        return torch.cat([t, 1e3 * rand(B, H, extra, DH, seed=3)], 2)
    wider = torch.cat([mask, torch.zeros(B, extra, dtype=torch.bool)], 1)
    longer = call(kind, options, pad(x), pad(v), key_mask=wider, **bias_of(N + extra))
    for b, n in enumerate((N, 41)): torch.testing.assert_close(longer[b, :, :n], short[b, :, :n], atol=1e-5, rtol=1e-5)


@every
def test_an_example_does_not_depend_on_its_batch(kind, options):
    x, v = rand(3, H, N, DH), rand(3, H, N, DH, seed=1)
    x[2] *= 30   # an outlier next door
    together = call(kind, options, x, v)
    for b in range(2): torch.testing.assert_close(call(kind, options, x[b:b + 1], v[b:b + 1])[0], together[b], atol=1e-5, rtol=1e-5)


@every
def test_nothing_to_see_gives_zeros(kind, options):
    mask = torch.stack([torch.ones(N, dtype=torch.bool), torch.zeros(N, dtype=torch.bool)])
    out = call(kind, options, rand(B, H, N, DH), rand(B, H, N, DH, seed=1), key_mask=mask)
    assert out.isfinite().all() and out[0].any() and not out[1].any()


@every
@pytest.mark.filterwarnings("ignore")   # an arbitrary mask may be announced as quadratic
@pytest.mark.parametrize("name", ["causal", "block"])
def test_what_is_masked_cannot_be_seen(kind, options, name):
    i = torch.arange(N)
    mask = i[:, None] >= i if name == "causal" else (i[:, None] // 35) == (i // 35)
    v, cut = rand(1, H, N, DH, seed=1), 35
    changed = v.clone()
    changed[:, :, cut:] += 10
    x = rand(1, H, N, DH)
    with refuses(kind, options, name): before, after = (call(kind, options, x, y, attn_mask=mask) for y in (v, changed))
    if cannot(kind, options, name): return
    torch.testing.assert_close(after[:, :, :cut], before[:, :, :cut], atol=1e-5, rtol=1e-5)
    assert (after[:, :, cut:] - before[:, :, cut:]).abs().max() > 1


@every
@pytest.mark.parametrize("dtype, scale", [(torch.float32, 1.0), (torch.float32, 14.0), (torch.bfloat16, 1.0), (torch.bfloat16, 14.0)])
def test_gradients_are_finite(kind, options, dtype, scale):   # 14: logits of about ±50 at Dh = 16
    core = build_attention(kind, DH, H, **options).train()
    x, y, v = (rand(B, H, N, DH, seed=s).mul(scale if s < 2 else 1).to(dtype).requires_grad_() for s in range(3))
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        out = core(x, x if core.shared_qk else y, v, key_mask=torch.arange(N) < torch.tensor([[N], [9]]))
    out.float().square().sum().backward()
    assert out.isfinite().all() and x.grad.isfinite().all() and v.grad.isfinite().all() and v.grad.any()


@every
def test_same_seed_same_result_and_eval_is_deterministic(kind, options):
    x, v = rand(B, H, N, DH), rand(B, H, N, DH, seed=1)
    state = torch.get_rng_state()
    first, again = call(kind, options, x, v, fresh=True), call(kind, options, x, v, fresh=True)
    assert torch.equal(first, again) and torch.equal(call(kind, options, x, v), call(kind, options, x, v))
    assert torch.equal(torch.get_rng_state(), state), "evaluation touched the global generator"
    core, draws = build_attention(kind, DH, H, **options).train(), []
    for _ in range(2):   # training may draw from it, as dropout does, and then repeats with it
        with torch.random.fork_rng():
            torch.manual_seed(0)
            draws.append(copy.deepcopy(core)(x, x, v))
    assert torch.equal(*draws)


def test_mha_in_16_bits_on_a_processor_without_avx512():
    """PyTorch's CPU kernel for bfloat16 raises there from 64 tokens on. The tolerance: values of size 1 to 4 are rounded to 8 bits
    as inputs and as answers."""
    code = """
import itertools, torch
from textclf_nb.attention import build_attention
assert torch.backends.cpu.get_cpu_capability() in ("DEFAULT", "NO AVX"), torch.backends.cpu.get_cpu_capability()
g = torch.Generator().manual_seed(0)
q, k, v = (torch.randn(2, 2, 70, 16, generator=g) for _ in range(3))
table, keys = torch.randn(2, 139, generator=g), torch.arange(70) < torch.tensor([[70], [41]])
for masked, autocast in itertools.product([False, True], [False, True]):
    masks = dict(key_mask=keys, position_bias=table) if masked else dict()
    core = build_attention("mha", 16, 2)
    inputs = [(x if autocast else x.bfloat16()).clone().requires_grad_() for x in (q, k, v)]
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast): out = core(*inputs, **masks)
    out.float().square().sum().backward()
    assert out.dtype == torch.bfloat16 and all(x.grad.isfinite().all() and x.grad.any() for x in inputs), (masked, autocast)
    torch.testing.assert_close(out.float(), core(q, k, v, **masks), atol=2**-5, rtol=2**-5)
"""
    env = os.environ | {"ATEN_CPU_CAPABILITY": "default"}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1], env=env)


# native SDPA is not counted on a CPU, and a pool's threads are not seen
COUNTED = [(k, o) for k, o in VARIANTS if o.get("implementation", "plain") == "plain" and (k, o) != ("mha", {})]


@pytest.mark.parametrize("kind, options", COUNTED, ids=str)
@pytest.mark.parametrize("n", [1, 49, 70, 1500])
def test_flops_by_formula_are_those_that_are_counted(kind, options, n):
    if options.get("exact_below", 0) > n: pytest.skip("the fused kernel is not counted on a CPU")
    if available_implementations(kind): options = {**options, "implementation": "plain"}
    core, x = build_attention(kind, DH, H, **options).eval(), rand(1, H, n, DH)
    if too_long(core, n): pytest.skip("refused, which the test of shapes sees")
    with FlopCounterMode(display=False) as counter: core(x, x, x)
    assert core.flops(n) == counter.get_total_flops() > 0


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("combine", ["mean", "logsumexp"])
@pytest.mark.parametrize("exact_below", [0, 50])
def test_lsh_implementations_agree_in_values_and_gradients(masked, combine, exact_below):
    x, v, g = rand(B, H, N, DH).double(), rand(B, H, N, DH, seed=1).double(), rand(B, H, N, DH, seed=4).double()
    keys, table = torch.arange(N) < torch.tensor([[N], [41]]), rand(H, 2 * N - 1, seed=2).double()
    answers = []
    for name in ways("lsh"):
        core = build_attention("lsh", DH, H, chunk_size=8, mask_within_chunks=masked, combine=combine,
                               exact_below=exact_below, implementation=name)
        assert core.path(41) == ("exact" if exact_below else "hashed") and core.path(N) == "hashed"
        inputs = [t.clone().requires_grad_() for t in (x, v, table)]
        torch.manual_seed(5)   # training: both draw the same directions from the global generator
        out = core.train()(inputs[0], inputs[0], inputs[1], keys, torch.ones(N, N, dtype=torch.bool).tril(), inputs[2])
        answers.append([out, *torch.autograd.grad((out * g).sum(), inputs)])
    for other in answers[1:]:   # sums of 64 bits in another order
        for a, b in zip(answers[0], other): torch.testing.assert_close(a, b, atol=1e-10, rtol=1e-10)


def test_the_plain_implementation_needs_no_later_chapter():
    code = ("import sys, types, torch; p = types.ModuleType('textclf_nb.attention')\n"
            "p.__path__ = ['textclf_nb/attention']; sys.modules[p.__name__] = p\n"
            "from textclf_nb.attention import lsh, base; x = torch.randn(1, 2, 9, 8)\n"
            "assert base.available_implementations('lsh') == ['plain'] and base.build_attention('lsh', 8, 2)(x, x, x).shape == x.shape")
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ORDERED])
def test_without_positions_order_does_not_matter(kind):
    x, v, p = rand(1, H, N, DH), rand(1, H, N, DH, seed=1), torch.randperm(N, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(call(kind, {}, x[:, :, p], v[:, :, p]), call(kind, {}, x, v)[:, :, p], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", [{"heat": 1}, {"attn_dropout": 2}])
def test_options_are_refused_by_name(kind, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))): build_attention(kind, DH, H, **wrong)
