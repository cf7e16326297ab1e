"""The contract of chapter 01, once, for every registered mechanism and dtype; a new mechanism is tested by being registered."""
import functools

import pytest
import torch

from textclf_nb.attention import available_attention, build_attention

B, H, N, DH = 2, 2, 70, 16
KINDS = available_attention()
# each mechanism as it comes, and with the options that leave its exact or dense shortcuts out
VARIANTS = [(kind, {}) for kind in KINDS] + [
    ("mha", {"use_native_sdpa": False}),
    ("lsh", {"exact_below": 0, "chunk_size": 8}),
    ("lsh", {"exact_below": 0, "chunk_size": 8, "mask_within_chunks": False, "combine": "logsumexp"}),
    ("favor", {"phi": "optimal", "nb_features": 32}),
    ("favor", {"phi": "relu"}),
    ("window", {"window": 8, "global_tokens": 2}),
    ("window", {"window": 30, "global_tokens": 0}),
]
ORDERED = {"lsh", "window", "near_far", "nystrom", "linformer", "cosformer"}   # the order of tokens decides who is near, or shares a bucket
IDS = [f"{kind}-{'-'.join(map(str, options.values())) or 'default'}" for kind, options in VARIANTS]
every = pytest.mark.parametrize("kind, options", VARIANTS, ids=IDS)


def rand(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@functools.cache
def core_of(kind, options, seed=0):
    return build_attention(kind, DH, H, seed=seed, **dict(options)).eval()


def call(kind, options, x, v, fresh=False, **masks):
    core = build_attention(kind, DH, H, **options).eval() if fresh else core_of(kind, tuple(options.items()))
    return core(x, x if core.shared_qk else x.flip(-1), v, **masks)


@every
@pytest.mark.parametrize("n", [1, 2, 67, 4097])
def test_shape_for_every_length(kind, options, n):
    assert call(kind, options, rand(1, H, n, DH), rand(1, H, n, 5)).shape == (1, H, n, 5)


@every
@pytest.mark.parametrize("bias", [False, True])
def test_padding_changes_nothing(kind, options, bias):
    x, v, extra = rand(B, H, N, DH), rand(B, H, N, DH, seed=1), 37
    table = rand(H, 2 * (N + extra) - 1, seed=2) if bias else None
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
    before, after = (call(kind, options, x, y, attn_mask=mask) for y in (v, changed))
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
    core = core_of(kind, tuple(options.items()))
    assert torch.equal(first, again) and torch.equal(call(kind, options, x, v), call(kind, options, x, v))
    core.train(), core(x, x, v), core.eval()
    assert torch.equal(torch.get_rng_state(), state), "the global generator was touched"


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ORDERED])
def test_without_positions_order_does_not_matter(kind):
    x, v, p = rand(1, H, N, DH), rand(1, H, N, DH, seed=1), torch.randperm(N, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(call(kind, {}, x[:, :, p], v[:, :, p]), call(kind, {}, x, v)[:, :, p], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", [{"heat": 1}, {"attn_dropout": 2}])
def test_options_are_refused_by_name(kind, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))): build_attention(kind, DH, H, **wrong)
