"torch.compile of every mechanism: no break inside one (chapter 01a), and the answers of eager mode."
import pytest
import torch

from textclf_nb.attention import attention_class, available_attention, build_attention
from textclf_nb.attention.node import Node, attend_op
from textclf_nb.model import ModelConfig, TransformerForSequenceClassification

N, KEYS = 40, torch.arange(40) < torch.tensor([[40], [20]])
OPTIONS = {"lsh": {"chunk_size": 8}, "linformer": {"max_length": 64}, "window": {"window": 4}, "near_far": {"window": 4, "chunk_size": 4}}


def randn(*shape, seed=0): return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def whole(f):
    torch._dynamo.reset()
    return torch.compile(f, fullgraph=True, backend="aot_eager")


def run(core, call, *masks):
    x = [randn(2, 2, N, 8, seed=i).requires_grad_() for i in range(3)]
    if core.shared_qk: x[1] = x[0]
    torch.manual_seed(3)   # for what draws in training
    out = call(*x, KEYS, *masks)
    return [out, *torch.autograd.grad(out.sin().sum(), x, allow_unused=True)]


@pytest.mark.parametrize("kind, masked", [*((kind, False) for kind in available_attention()), ("favor", True), ("near_far", True)])
def test_a_whole_graph_gives_the_answers_of_eager_mode(kind, masked):
    core = build_attention(kind, 8, 2, **OPTIONS.get(kind, {})).train()
    masks = [torch.ones(N, N, dtype=torch.bool).tril()] if masked else []
    for a, b in zip(run(core, core, *masks), run(core, whole(core), *masks)): assert torch.allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("kind", available_attention())
def test_no_break_inside_a_mechanism_of_a_whole_model(kind):
    sizes = dict(vocab_size=50, embedding_dim=16, mlp_size=16, num_layers=1, max_sequence_length=N)
    model = TransformerForSequenceClassification(ModelConfig(
        architecture=sizes | {"attention": {"kind": kind, "num_heads": 2, kind: OPTIONS.get(kind, {})}})).train()
    torch._dynamo.reset()
    ids = torch.randint(5, 50, (2, N), generator=torch.Generator().manual_seed(0))
    seen = torch._dynamo.explain(lambda ids: model(ids, KEYS).logits)(ids)
    inside = [frame for b in seen.break_reasons for frame in b.user_stack if "/attention/" in frame.filename]
    assert not inside, inside


@pytest.mark.parametrize("implementation, masked", [("plain", False), ("fast", False), ("fast", True)])
def test_new_directions_come_in_a_whole_graph(implementation, masked):
    core, twin = (build_attention("favor", 8, 2, nb_features=8, redraw_interval=2, implementation=implementation).train() for _ in range(2))
    masks, call, drawn = [torch.ones(N, N, dtype=torch.bool).tril()] if masked else [], whole(twin), set()
    for step in range(5):
        for a, b in zip(run(core, core, *masks), run(twin, call, *masks)): assert torch.allclose(a, b, atol=1e-5)
        assert int(core.calls) == int(twin.calls) == step + 1 and torch.equal(core.omega, twin.omega)
        drawn.add(core.omega.sum().item())
    assert len(drawn) == 3
    x = randn(2, 2, N, 8).requires_grad_()
    first, second = call(x, x, x, KEYS, *masks), core(x, x, x, KEYS, *masks)   # a way back that comes after the next draw
    for f in (core, call): f(x, x, x, KEYS, *masks).sum().backward()
    assert torch.allclose(*(torch.autograd.grad(out.sin().sum(), x)[0] for out in (first, second)), atol=1e-5)


NODES = [k for k in available_attention() if issubclass(attention_class(k), Node)]


@pytest.mark.parametrize("kind", NODES)
def test_the_operator_keeps_what_it_promises(kind):
    core = build_attention(kind, 8, 2, **OPTIONS.get(kind, {}))
    q, v = (randn(2, 2, N, 8, seed=i).requires_grad_() for i in range(2))
    bias = None if kind == "favor" else randn(2, 2 * N - 1, seed=4).requires_grad_()
    inputs = core.spec, False, [b for _, b in core.named_buffers()], q, q.detach() if core.shared_qk else q, v, KEYS, None, bias
    torch.library.opcheck(attend_op, inputs, test_utils=("test_schema", "test_faketensor", "test_autograd_registration"))


def test_copies_of_a_module_keep_their_own_state():
    import copy
    core = build_attention("lsh", 8, 2, chunk_size=8).eval()
    other = copy.deepcopy(core)
    other.eval_draw.fill_(11)
    a, b = run(core, whole(core))[0], run(other, whole(other))[0]
    assert torch.allclose(b, run(other, other)[0], atol=1e-6) and not torch.allclose(a, b)
