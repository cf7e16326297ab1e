"""Attention in a window: what the chapter does not show."""
import pytest
import torch

from textclf_nb.attention import build_attention, naive_attention
from textclf_nb.core import UserError

N, H, D = 90, 2, 8


def rand(*shape, seed=0): return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def seen(w, g):
    i, j = torch.arange(N)[:, None], torch.arange(N)
    return ((i - j).abs() <= w) | (i < g) | (j < g)


@pytest.mark.parametrize("chunk", [1, 8])   # small tiles: several of them a row
def test_tiles_do_not_change_the_answer(monkeypatch, chunk):
    from textclf_nb.attention import window
    x = rand(3, H, N, D).requires_grad_()
    core = build_attention("window", D, H, window=10, global_tokens=2)
    grads = []
    for size in (window.SIZE, chunk * 16 * 38):
        monkeypatch.setattr(window, "SIZE", size)
        out = core(x, x, x)
        torch.testing.assert_close(out, naive_attention(x, x, x, None, seen(10, 2)), atol=1e-5, rtol=1e-5)
        grads.append(torch.autograd.grad(out.square().sum(), x)[0])
    torch.testing.assert_close(*grads, atol=1e-5, rtol=1e-5)


def test_packed_texts_are_each_their_own_row():
    x, text = rand(2, H, N, D), torch.tensor([0] * 37 + [1] * 41 + [2] * 12)
    core = build_attention("window", D, H, window=5, global_tokens=1)
    out = core(x, x, x, attn_mask=text[:, None] == text)
    for t in range(3):
        alone = x[:, :, text == t]
        torch.testing.assert_close(out[:, :, text == t], core(alone, alone, alone), atol=1e-5, rtol=1e-5)


def test_a_mask_of_another_kind_is_refused():
    x, mask = rand(1, H, N, D), seen(3, 0)
    with pytest.raises(UserError, match="'window' takes an attn_mask only if"): build_attention("window", D, H)(x, x, x, attn_mask=mask)


def test_padding_on_the_left_moves_the_global_token_along():
    x, core = rand(1, H, 60, D), build_attention("window", D, H, window=5)
    wide = torch.cat([rand(1, H, 30, D, seed=1), x], 2)
    out = core(wide, wide, wide, key_mask=torch.arange(90)[None] >= 30)
    torch.testing.assert_close(out[:, :, 30:], core(x, x, x), atol=1e-5, rtol=1e-5)


def test_dropout_drops_the_same_weights_backward():
    x, v = rand(1, H, N, D).double(), rand(1, H, N, D, seed=1).double().requires_grad_()
    core = build_attention("window", D, H, window=10, attn_dropout=0.5).train()
    def f(v):
        torch.manual_seed(0)
        return core(x, x, v)
    assert torch.autograd.gradcheck(f, (v,), fast_mode=True)
    assert not torch.allclose(f(v), core.eval()(x, x, v))


def test_float64_gradients_agree_with_differences():
    q, k, v = (rand(1, 1, 20, 4, seed=s).double().requires_grad_() for s in range(3))
    table = rand(1, 39, seed=3).double().requires_grad_()
    core = build_attention("window", 4, 1, window=3)
    assert torch.autograd.gradcheck(lambda *x: core(*x[:3], position_bias=x[3]), (q, k, v, table), fast_mode=True)
