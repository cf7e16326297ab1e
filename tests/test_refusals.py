"What a mechanism cannot do it refuses by name; what only looks odd it does."
import pytest
import torch

from textclf_nb.attention import attention_class, available_attention, build_attention, naive_attention
from textclf_nb.core import UserError

N, D, H = 19, 8, 2
q, k, v = torch.randn(3, 2, H, N, D, generator=torch.Generator().manual_seed(0), dtype=torch.double)
short = torch.arange(N) < torch.tensor([[N], [7]])


@pytest.mark.parametrize("kind, option, value", [("window", "window", 0), ("near_far", "window", 0), ("near_far", "window", -3),
    ("near_far", "chunk_size", 0), ("window", "global_tokens", -1), ("nystrom", "landmarks", 0), ("linformer", "projected", 0)])
def test_sizes_below_the_least_are_refused_by_name(kind, option, value):
    with pytest.raises(UserError, match=f"{kind}.*{option}"): build_attention(kind, D, H, **{option: value})


@pytest.mark.parametrize("kind", available_attention())
def test_every_query_head_wants_keys_and_values_of_its_own(kind):
    core = build_attention(kind, D, H)
    for few, many in ((k[:, :1], k), (k, k[:, :1])):
        with pytest.raises(UserError, match="^[kv] has shape.* expected"): core(few, few if core.shared_qk else many, many)


@pytest.mark.parametrize("kind, options", [("window", {"window": 1}), ("near_far", {"window": 1, "chunk_size": 2})])
def test_more_global_tokens_than_tokens_is_exact_attention(kind, options):
    core = build_attention(kind, D, H, global_tokens=50, **options)
    seen = short[:, None, :, None]
    for mask in (None, short):
        out, exact = core(q, k, v, mask), naive_attention(q, k, v, mask)
        if mask is not None: out, exact = out * seen, exact * seen
        torch.testing.assert_close(out, exact, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("m", [2, 3, 5, 7])
def test_landmarks_need_not_divide_the_text(m):
    core = build_attention("nystrom", D, H, landmarks=m)
    room = [torch.nn.functional.pad(x, (0, 0, 0, 4)) for x in (q, k, v)]   # 23 tokens, 4 of them padding
    there = torch.arange(N + 4).expand(2, -1) < N
    torch.testing.assert_close(core(*room, there)[:, :, :N], core(q, k, v), atol=1e-10, rtol=1e-10)
    torch.testing.assert_close(core(q, k, torch.ones_like(v)).mean(), torch.tensor(1.0).double(), atol=0.02, rtol=0)


def test_as_many_landmarks_as_tokens_are_exact():
    torch.testing.assert_close(build_attention("nystrom", D, H, landmarks=N)(q, k, v), naive_attention(q, k, v), atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("kind", [kind for kind in available_attention() if "causal" in attention_class(kind).cannot])
def test_causal_where_there_is_no_causal_form(kind):
    with pytest.raises(UserError, match=f"'{kind}' takes no causal"):
        build_attention(kind, D, H)(q, k, v, attn_mask=torch.ones(N, N, dtype=torch.bool).tril())
