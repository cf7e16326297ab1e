"The models' contract over every mechanism × position × norm × pooling × dtype, against Hugging Face's BERT, and under the compiler."

import itertools

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import BertConfig, BertForMaskedLM
from transformers.models.t5.modeling_t5 import T5Attention

from textclf_nb.attention import attention_class, available_attention, build_attention
from textclf_nb.attention.base import Attention, available_implementations
from textclf_nb.core import UserError
from textclf_nb.model.encoder import MLP, Embeddings, EncoderConfig, MultiHeadAttention, build_block, compile_layers
from textclf_nb.model.heads import POOLINGS, ClassificationHead, MLMHead
from textclf_nb.model.models import (
    ModelConfig,
    TransformerForMaskedLM,
    TransformerForSequenceClassification,
    flops_per_token,
    load_bert,
)
from textclf_nb.model.positions import LearnedPositions, RelativeBias, distance_bucket

KINDS, POSITIONS, NORMS = available_attention(), ("rope", "sinusoidal", "learned", "relative", "none"), ("post", "pre")
LENGTHS = torch.tensor([[19], [7], [1]])


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    "On tensors this small threads only wait for each other."
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def config(kind="mha", pos="rope", norm="post", pooling="mean", **architecture):
    sizes = dict(vocab_size=60, embedding_dim=32, mlp_size=48, num_layers=2, max_sequence_length=64, type_vocab_size=2)
    return ModelConfig(architecture=sizes | dict(pos_encoding=pos, norm=norm, attention={"num_heads": 4, "kind": kind}) | architecture,
                       classification_head={"num_labels": 3, "pooling": pooling})


def batch(length=19, seed=0):
    g = torch.Generator().manual_seed(seed)
    ids = torch.randint(1, 60, (3, 19), generator=g)
    mask = torch.arange(length) < LENGTHS
    ids = torch.nn.functional.pad(ids, (0, length - 19)) * mask
    return ids, mask, torch.tensor([0, 2, 1])


def lively(model, seed=0):
    "Weights large enough that every part has a say in the result: BERT's own start is nearly linear."
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in model.parameters(): p.add_(0.15 * torch.randn(p.shape, generator=g))
    return model


def fits(kind, pos): return pos != "relative" or "position_bias" not in attention_class(kind).cannot


# the full product of mechanism, position and norm; poolings and dtypes go round, so that each meets each mechanism
CASES = [(k, p, n, pool, dtype) for (k, p, n), pool, dtype in zip(
    (c for c in itertools.product(KINDS, POSITIONS, NORMS) if fits(*c[:2])), itertools.cycle(POOLINGS),
    itertools.cycle([torch.float32, torch.float64, torch.bfloat16]))]
CASES += [(k, "rope", "post", pool, torch.float32) for k, pool in itertools.product(KINDS, POOLINGS)]


@pytest.mark.parametrize("kind, pos, norm, pooling, dtype", CASES, ids=lambda x: str(x).replace("torch.", ""))
def test_contract(kind, pos, norm, pooling, dtype, tmp_path):
    model = lively(TransformerForSequenceClassification(config(kind, pos, norm, pooling), seed=1)).to(dtype).eval()
    ids, mask, labels = batch()
    out = model(ids, mask, labels)
    assert out.logits.shape == (3, 3) and out.last_hidden_state.shape == (3, 19, 32) and out.pooled.shape == (3, 32)
    assert out.logits.dtype == dtype

    tolerance = 1e-4 if dtype != torch.bfloat16 else 0.1
    longer = model(*batch(33)[:2])
    torch.testing.assert_close(longer.logits, out.logits, atol=tolerance, rtol=tolerance)  # padding changes nothing
    alone = model(ids[1:2, :7], mask[1:2, :7])
    torch.testing.assert_close(alone.logits, out.logits[1:2], atol=tolerance, rtol=tolerance)  # nor does company

    model.train()(ids, mask, labels).loss.backward()
    for name, p in model.named_parameters():
        assert p.grad is not None and p.grad.isfinite().all(), name
    assert model.encoder.embeddings.word.weight.grad[0].count_nonzero() == 0

    model.eval().save_pretrained(tmp_path)
    again = type(model).from_pretrained(tmp_path, seed=9).to(dtype).eval()
    assert torch.equal(again(ids, mask).logits, model(ids, mask).logits)


@pytest.mark.parametrize("kind, pos", [c for c in itertools.product(KINDS, ("rope", "relative")) if fits(*c)])
def test_language_model(kind, pos):
    ids, mask, _ = batch()
    labels = torch.where(mask & (torch.arange(19) % 3 == 0), ids, -100)
    model = lively(TransformerForMaskedLM(config(kind, pos))).eval()
    out, full = model(ids, mask, labels), model(ids, mask)
    assert out.logits.shape == ((labels != -100).sum(), 60) and full.logits.shape == (3, 19, 60)
    torch.testing.assert_close(out.logits, full.logits[labels != -100], atol=1e-4, rtol=1e-4)
    loss = torch.nn.functional.cross_entropy(full.logits.flatten(0, 1), labels.flatten(), ignore_index=-100)
    torch.testing.assert_close(out.loss, loss, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_checkpointed_layers_give_the_same_gradients(kind):
    "Also in training mode, where a mechanism may draw its random parts anew: the second forward must see the same ones."
    ids, mask, labels = batch()
    grads = []
    for again in (False, True):
        quiet = dict(mlp_dropout=0.0, embedding_dropout=0.0, attention={"num_heads": 4, "kind": kind, "attn_out_drop": 0.0})
        model = TransformerForSequenceClassification(config(gradient_checkpointing=again, **quiet))
        model.classifier.after.p = 0.0
        with torch.random.fork_rng():
            torch.manual_seed(0)   # what is drawn in training comes from the global generator
            model.train()(ids, mask, labels).loss.backward()
        grads.append([p.grad for p in model.parameters()])
    for a, b in zip(*grads): torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_layers_may_differ_and_autocast_is_finite(kind):
    ids, mask, labels = batch()
    mixed = {"kind": [kind, "mha"], "num_heads": 4, "qk_norm": True}
    model = lively(TransformerForSequenceClassification(config(attention=mixed)))
    assert [b.attention.core.kind for b in model.encoder.blocks] == [kind, "mha"]
    with torch.autocast("cpu", torch.bfloat16): loss = model(ids, mask, labels).loss
    loss.backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_model_and_the_global_generator_is_left_alone(kind):
    before = torch.get_rng_state()
    a, b, c = (TransformerForSequenceClassification(config(kind), seed=s).eval() for s in (4, 4, 5))
    ids, mask, _ = batch()
    assert torch.equal(a(ids, mask).logits, b(ids, mask).logits) and not torch.equal(a(ids, mask).logits, c(ids, mask).logits)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("kind", KINDS)
def test_compiled_model_is_equal(kind):
    "The traced graph against eager, forward and backward; code generation itself is PyTorch's, and takes minutes."
    torch.compiler.reset()
    ids, mask, labels = batch()
    model = lively(TransformerForSequenceClassification(config(kind, num_layers=1))).eval()
    compiled = torch.compile(model, backend="aot_eager")
    grads = []
    for m in (model, compiled):
        model.zero_grad()
        out = m(ids, mask, labels)
        out.loss.backward()
        grads.append([out.logits.detach(), *(p.grad.clone() for p in model.parameters())])
    for a, b in zip(*grads): torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-3)


# What is compiled is the layer without its mechanism, the same code for most of them: of these the others come with `make test-matrix`
# (in `make test` each is traced: above, and in tests/test_compile.py)
GENERATED = [k if k in ("mha", "lsh", "favor") else pytest.param(k, marks=pytest.mark.long) for k in KINDS]


@pytest.mark.parametrize("kind", GENERATED)
def test_generated_code_trains_alike(kind):
    "Layers compiled for real, with packing, over batches of several shapes: the same losses after each step."
    torch.compiler.reset()
    quiet = dict(num_layers=1, mlp_dropout=0.0, embedding_dropout=0.0, attention={"num_heads": 4, "kind": kind, "attn_out_drop": 0.0})
    losses = []
    for compiled in (False, True):
        model = TransformerForSequenceClassification(config(**quiet), seed=1).train()
        model.classifier.after.p = 0.0
        if compiled: compile_layers(model.encoder)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
        for length, seed in ((19, 0), (25, 1), (33, 2)):
            ids, mask, labels = batch(length, seed)
            loss = model(ids, mask, labels).loss
            loss.backward()
            optimizer.step(); optimizer.zero_grad()
            losses.append(loss.detach())
    torch.testing.assert_close(torch.stack(losses[3:]), torch.stack(losses[:3]), atol=1e-5, rtol=1e-5)


def test_compiling_needs_a_compiler(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    model = TransformerForSequenceClassification(config())
    with pytest.raises(UserError, match="install g\\+\\+ or clang"): compile_layers(model.encoder)


@pytest.mark.parametrize("layers, width, heads", [(1, 32, 2), (3, 64, 4), (4, 96, 3)])
def test_equals_hugging_face(layers, width, heads):
    g = torch.Generator().manual_seed(layers)
    theirs = BertForMaskedLM(BertConfig(vocab_size=150, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
                                        intermediate_size=3 * width, max_position_embeddings=50)).eval()
    with torch.no_grad():
        for p in theirs.parameters(): p.normal_(0, 0.15, generator=g)
    sizes = dict(vocab_size=150, embedding_dim=width, num_layers=layers, mlp_size=3 * width, max_sequence_length=50)
    architecture = EncoderConfig.bert_tiny(**sizes, attention={"num_heads": heads})
    ours = TransformerForMaskedLM(ModelConfig(architecture=architecture)).eval()
    load_bert(ours, theirs)
    ids, mask = torch.randint(0, 150, (4, 50), generator=g), torch.arange(50) < torch.tensor([[50], [31], [3], [1]])
    labels = torch.where(mask & (torch.rand(4, 50, generator=g) < 0.3), ids, -100)
    a, b = ours(ids, mask), theirs(ids, mask.long(), output_hidden_states=True)
    assert (a.logits - b.logits)[mask].abs().max() < 1e-4
    assert (a.last_hidden_state - b.hidden_states[-1])[mask].abs().max() < 1e-4
    torch.testing.assert_close(ours(ids, mask, labels).loss, theirs(ids, mask.long(), labels=labels).loss, atol=1e-5, rtol=1e-5)


def test_untied_decoder_of_bert():
    theirs = BertForMaskedLM(BertConfig(vocab_size=50, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
                                        max_position_embeddings=20, tie_word_embeddings=False)).eval()
    with torch.no_grad(): theirs.cls.predictions.decoder.weight.add_(1.0)
    small = dict(vocab_size=50, embedding_dim=32, num_layers=1, mlp_size=64, max_sequence_length=20, attention={"num_heads": 2})
    configs = (ModelConfig(architecture=EncoderConfig.bert_tiny(**small), mlm_head={"tie_mlm_weights": t}) for t in (True, False))
    tied, untied = (TransformerForMaskedLM(c).eval() for c in configs)
    with pytest.raises(UserError, match="not tied"): load_bert(tied, theirs)
    load_bert(untied, theirs)
    ids = torch.arange(1, 11)[None]
    torch.testing.assert_close(untied(ids).logits, theirs(ids).logits, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("buckets, longest", [(32, 128), (8, 20), (64, 256)])
def test_buckets_are_those_of_t5(buckets, longest):
    d = torch.arange(-300, 301)
    assert torch.equal(distance_bucket(d, buckets, longest), T5Attention._relative_position_bucket(d, True, buckets, longest))


@pytest.mark.parametrize("kinds", [["favor", "mha"], ["mha", "lsh"], ["lsh", "lsh", "mha"]])
def test_a_pattern_repeats_over_the_layers_and_survives_a_file(kinds, tmp_path):
    ids, mask, labels = batch()
    model = lively(TransformerForSequenceClassification(config(num_layers=5, attention={"kind": kinds, "num_heads": 4}))).eval()
    cores = [b.attention.core for b in model.encoder.blocks]
    assert [c.kind for c in cores] == [kinds[i % len(kinds)] for i in range(5)]
    assert [len(b.attention.qkv.weight) for b in model.encoder.blocks] == [64 if c.shared_qk else 96 for c in cores]
    assert len({c.seed for c in cores}) == 5
    model.save_pretrained(tmp_path)
    again = type(model).from_pretrained(tmp_path).eval()
    assert again.config.architecture.attention.kind == kinds and torch.equal(again(ids, mask).logits, model(ids, mask).logits)
    model.train()(ids, mask, labels).loss.backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("kind, message", [(["mha"] * 3, "lists 3 mechanisms for num_layers = 2"), ([], "lists no mechanism"),
                                           (["mha", "flash"], "flash")])
def test_a_wrong_pattern_is_refused(kind, message):
    with pytest.raises(UserError, match=message): ModelConfig.parse({"architecture": {"num_layers": 2, "attention": {"kind": kind}}})


def test_no_module_holds_memory_as_it_was_found():
    "PyTorch fills what it hands out uninitialised with NaN: a weight that a constructor forgets would show."
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        assert torch.empty(3).isnan().all()
        modules = [nn_module() for nn_module in (
            lambda: MLP(8, 16), lambda: MLMHead(8, 50, tied=False), lambda: ClassificationHead(8), lambda: LearnedPositions(9, 8),
            lambda: RelativeBias(4), lambda: Embeddings(config(pos="learned").architecture),
            *(lambda k=k: MultiHeadAttention(8, build_attention(k, 4, 2), qk_norm=True) for k in KINDS),
            *(lambda k=k: build_block(config(k).architecture) for k in KINDS))]
    finally: torch.use_deterministic_algorithms(False)
    for m in modules:
        for name, x in m.state_dict().items(): assert not x.is_floating_point() or x.isfinite().all(), (type(m).__name__, name)


def test_a_generator_goes_on_from_part_to_part():
    a, b = MLP(8, 8, seed=3), MLP(8, 8, seed=torch.Generator().manual_seed(3))
    assert torch.equal(a.fc1.weight, b.fc1.weight) and not torch.equal(a.fc1.weight, a.fc2.weight)


@pytest.mark.parametrize("kind", [k for k in KINDS if attention_class(k).flops is not Attention.flops])
@pytest.mark.parametrize("length", (64, 200))
def test_operations_by_formula_are_those_counted(kind, length):
    """One thread, plain PyTorch, so that the counter sees all products. It does not see sorting, sums and exponentials, and a
    formula may count whole chunks where the text ends within one: 5 % of the whole model is left for that."""
    plain = {"implementation": "plain"} if available_implementations(kind) else {"use_native_sdpa": False} if kind == "mha" else {}
    attention = {"num_heads": 4, "kind": kind, kind: plain}
    model = TransformerForMaskedLM(config(max_sequence_length=256, attention=attention)).eval()
    ids = torch.randint(1, 60, (1, length), generator=torch.Generator().manual_seed(0))
    labels = torch.where(torch.arange(length) % 4 == 0, ids, -100)
    with FlopCounterMode(display=False) as counter, torch.no_grad(): model(ids, labels=labels)
    formula = flops_per_token(model, length, masked=(labels != -100).float().mean().item())
    assert counter.get_total_flops() == pytest.approx(length * formula["total"], rel=0.05)


def test_a_mechanism_without_formula_is_named():
    model = TransformerForSequenceClassification(config())
    model.encoder.blocks[1].attention.core = Attention(8, 4)
    with pytest.raises(UserError, match="write flops"): flops_per_token(model, 10)
