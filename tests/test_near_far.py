"""Near keys exactly, far ones in summary: every case against a loop over queries, in 64 bits."""
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from textclf_nb.attention import build_attention, naive_attention
from textclf_nb.attention.favor import measure_frame
from textclf_nb.core import UserError


def rand(*shape, seed=0): return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.double)


def summary(k, v, tokens, far):
    "Key and value of a chunk, from its tokens."
    mean = k[tokens].mean(0)
    if far in ("means", "spread"): return mean, v[tokens].mean(0)
    weights = (-(k[tokens] - mean).square().sum(-1) / (2 * k.shape[-1] ** 0.5)).softmax(0)
    return mean, weights @ v[tokens]


def log_estimates(omega, q, k, used, causal):
    "ln of the optimal features' estimate of e^(q·k/√d) of every pair, (B, H, N, N), from their definition."
    d, m = q.shape[-1], len(omega)
    frame = measure_frame(q, k, used, not causal, not causal, True, not causal)
    x, y, s = (q - frame.mean_q) * frame.psi * d**-0.25, (k - frame.mean_k) / frame.psi * d**-0.25, (1 - 4 * frame.A).sqrt()
    def log_phi(x):
        E = s * (x @ omega.mT) + frame.A * omega.square().sum(-1)
        return E - x.square().sum(-1, keepdim=True) / 2 + d / 4 * (s * s).log()
    centred = (log_phi(x)[:, :, :, None] + log_phi(y)[:, :, None]).logsumexp(-1) - math.log(m)
    moved = q @ frame.mean_k.mT + frame.mean_q @ (k - frame.mean_k).mT   # q·k less (q - mean_q)·(k - mean_k)
    return centred + moved / d**0.5


def loop(q, k, v, valid, w, c, g, far, causal=False, bias=None, estimates=None):
    "One head of one text, query by query: (N, d), valid a list of places."
    N, d = q.shape
    glob, a = valid[:g], -(-w // c)
    rows = []
    for i in range(N):
        near = [j for j in valid if (j in glob or i in glob or abs(j // c - i // c) <= a) and (j <= i or not causal)]
        logits, values = [q[i] @ k[j] / math.sqrt(d) + (0 if bias is None else bias[j - i + N - 1]) for j in near], [v[j] for j in near]
        for m in range(-(-N // c)):
            tokens = [j for j in valid if j // c == m and j not in glob]
            if not tokens or i in glob or abs(m - i // c) <= a or (causal and m > i // c): continue
            if far == "features":
                logits += [estimates[i, j] for j in tokens]
                values += [v[j] for j in tokens]
                continue
            key, value = summary(k, v, tokens, far)
            middle = sum(tokens) // len(tokens)
            s = (q[i].square() @ k[tokens].var(0, correction=0) / d + 1e-6).sqrt()   # 1e-6: a slope at zero
            wider = s.cosh().log() if far == "spread" else 0
            logits.append(q[i] @ key / math.sqrt(d) + math.log(len(tokens)) + wider + (0 if bias is None else bias[middle - i + N - 1]))
            values.append(value)
        rows.append(torch.stack(logits).softmax(0) @ torch.stack(values) if logits else torch.zeros(v.shape[-1], dtype=v.dtype))
    return torch.stack(rows)


def check(N, w, c, g, far, mask, causal, biased, d=4):
    "Values at valid queries and gradients of all inputs, against the loop."
    inputs = [rand(1, 2, N, d, seed=s).requires_grad_() for s in range(3)]
    table = rand(2, 2 * N - 1, seed=3).requires_grad_()
    core = build_attention("near_far", d, 2, window=w, chunk_size=c, global_tokens=g, far=far)
    attn = torch.ones(N, N, dtype=torch.bool).tril() if causal else None
    out = core(*inputs, mask[None], attn, table if biased else None)
    places = mask.nonzero().flatten().tolist()
    used = mask & (mask.cumsum(-1) > g)
    estimates = log_estimates(core.omega.double(), *inputs[:2], used[None, None, :, None], causal)[0] if far == "features" else (None, None)
    want = torch.stack([loop(*(x[0, h] for x in inputs), places, w, c, g, far, causal, table[h] if biased else None, estimates[h])
                        for h in (0, 1)])[None]
    seen = mask[None, None, :, None]
    torch.testing.assert_close(out * seen, want * seen, atol=1e-10, rtol=1e-10)
    leaves = inputs + [table] * biased
    if not want.requires_grad: return
    grads = [torch.autograd.grad((x * seen).square().sum(), leaves, allow_unused=True, materialize_grads=True) for x in (out, want)]
    for a, b in zip(*grads): torch.testing.assert_close(a, b, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("far", ["means", "eva", "spread"])
@pytest.mark.parametrize("causal, biased", [(False, True), (True, False), (True, True)])
@pytest.mark.parametrize("N, w, c, g", [(25, 3, 3, 1), (21, 5, 3, 0), (30, 1, 11, 3)])
def test_equals_a_loop_over_queries(N, w, c, g, far, causal, biased):
    mask = torch.ones(N, dtype=torch.bool)
    mask[[2, 7, 8]] = False   # holes
    mask[-4:] = False         # and padding
    check(N, w, c, g, far, mask, causal, biased)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("N, w, c, g", [(25, 3, 3, 1), (21, 5, 3, 0), (30, 1, 11, 3)])
def test_features_equal_a_loop_over_queries(N, w, c, g, causal):
    mask = torch.ones(N, dtype=torch.bool)
    mask[[2, 7, 8]] = False
    mask[-4:] = False
    check(N, w, c, g, "features", mask, causal, False)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.data())
def test_equals_a_loop_for_any_shape(data):
    N = data.draw(st.integers(1, 16), "N")
    w, c, g = (data.draw(st.integers(low, 6), name) for low, name in ((1, "w"), (1, "c"), (0, "g")))
    mask = torch.tensor(data.draw(st.lists(st.booleans(), min_size=N, max_size=N), "mask"))
    far = data.draw(st.sampled_from(["means", "eva", "spread", "features"]))
    check(N, w, c, g, far, mask, data.draw(st.booleans(), "causal"), far != "features" and data.draw(st.booleans(), "biased"))


@pytest.mark.parametrize("far", ["means", "eva", "spread", "features"])
@pytest.mark.parametrize("N, w", [(17, 17), (40, 64), (1, 1)])
def test_a_window_as_long_as_the_text_is_exact_attention(N, w, far):
    q, k, v = (rand(2, 2, N, 8, seed=s) for s in range(3))
    mask = torch.arange(N) < torch.tensor([[N], [max(1, N // 2)]])
    core = build_attention("near_far", 8, 2, window=w, chunk_size=5, far=far)
    torch.testing.assert_close(core(q, k, v, mask), naive_attention(q, k, v, mask), atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("far", ["means", "eva", "spread", "features"])
def test_a_row_without_keys_answers_nothing_and_passes_no_gradient(far):
    q, k, v = (rand(2, 2, 37, 8, seed=s).requires_grad_() for s in range(3))
    mask = torch.stack([torch.zeros(37, dtype=torch.bool), torch.arange(37) < 20])
    out = build_attention("near_far", 8, 2, window=4, chunk_size=4, far=far)(q, k, v, mask)
    out.square().sum().backward()
    assert not out[0].any() and out[1].any()
    assert all(x.grad.isfinite().all() and not x.grad[0].any() for x in (q, k, v))


@pytest.mark.parametrize("far", ["means", "eva", "spread", "features"])
def test_packed_texts_are_each_their_own_row(far):
    x, text = rand(2, 2, 90, 8), torch.tensor([0] * 37 + [1] * 41 + [2] * 12)
    core = build_attention("near_far", 8, 2, window=4, chunk_size=4, far=far)
    out = core(x, x.flip(-1), x, attn_mask=text[:, None] == text)
    for t in range(3):
        own = x[:, :, text == t]
        torch.testing.assert_close(out[:, :, text == t], core(own, own.flip(-1), own), atol=1e-10, rtol=1e-10)


def test_a_mask_of_another_kind_is_refused():
    x = rand(1, 2, 20, 8)
    with pytest.raises(UserError, match="'near_far' takes an attn_mask only if"):
        build_attention("near_far", 8, 2)(x, x, x, attn_mask=torch.eye(20, dtype=torch.bool).flip(0))


def test_features_look_at_nothing_that_is_masked():
    """A later token must not reach an earlier answer by any way: the frame, the largest exponents that are taken out, the sums."""
    q, k, v = (rand(1, 2, 60, 8, seed=s) for s in range(3))
    core = build_attention("near_far", 8, 2, window=4, chunk_size=4, far="features")
    causal, cut = torch.ones(60, 60, dtype=torch.bool).tril(), 33
    before = core.float()(*(x.float() for x in (q, k, v)), attn_mask=causal)
    for x in (q, k, v): x[:, :, cut:] *= 100   # float32, where e^-100 is nothing
    after = core(*(x.float() for x in (q, k, v)), attn_mask=causal)
    torch.testing.assert_close(after[:, :, :cut], before[:, :, :cut], atol=1e-5, rtol=1e-5)


def test_features_refuse_what_they_cannot():
    x = rand(1, 2, 20, 8)
    with pytest.raises(UserError, match="'near_far' takes no position_bias: .*'means' does"):
        build_attention("near_far", 8, 2, far="features")(x, x, x, position_bias=rand(2, 39))
    with pytest.raises(UserError, match="attn_dropout = 0.1 would drop: set it to 0"):
        build_attention("near_far", 8, 2, far="features", attn_dropout=0.1)
