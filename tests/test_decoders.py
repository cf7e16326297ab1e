"The models' contract for those that write: every mechanism that can look back only × position × norm; caches and beams used wrongly."
import itertools

import pytest
import torch
from test_models import KINDS, LENGTHS, NORMS, POSITIONS, batch, fits, lively

from textclf_nb.attention import attention_class
from textclf_nb.core import UserError
from textclf_nb.model.cross import EncoderDecoder
from textclf_nb.model.decoder import DecoderConfig, TransformerForCausalLM, next_tokens
from textclf_nb.model.generation import MEMORIES, BeamConfig, DecodingConfig, beam_search, following, make_memories, write

CAUSAL = [k for k in KINDS if "causal" not in attention_class(k).cannot]
CASES = [(*c, dtype) for c, dtype in zip((c for c in itertools.product(CAUSAL, POSITIONS, NORMS) if fits(*c[:2])),
                                         itertools.cycle([torch.float32, torch.float64]))]


def config(kind="mha", pos="rope", norm="post", **architecture):
    "Of a length below which `lsh` computes every pair, so that its buckets say nothing of what comes later."
    sizes = dict(vocab_size=60, embedding_dim=32, mlp_size=48, num_layers=2, max_sequence_length=40)
    options = {"lsh": {"exact_below": 64}, "window": {"window": 4}, "near_far": {"window": 4, "chunk_size": 4}}
    attention = {"num_heads": 4, "kind": kind} | options
    return DecoderConfig(architecture=sizes | dict(pos_encoding=pos, norm=norm, attention=attention) | architecture)


@pytest.mark.parametrize("kind, pos, norm, dtype", CASES, ids=lambda x: str(x).replace("torch.", ""))
def test_contract(kind, pos, norm, dtype, tmp_path):
    model = lively(TransformerForCausalLM(config(kind, pos, norm), seed=1)).to(dtype).eval()
    ids, mask, _ = batch()
    labels, close = next_tokens(ids, mask), dict(atol=1e-3, rtol=1e-3)
    with torch.no_grad(): out, free, longer = model(ids, mask, labels), model(ids, mask).logits, model(*batch(33)[:2]).logits
    assert free.shape == (3, 19, 60) and free.dtype == dtype and out.logits.shape == (int(LENGTHS.sum()) - 3, 60)
    torch.testing.assert_close(out.logits, free[labels != -100], **close)
    torch.testing.assert_close(longer[:, :19][mask], free[mask], **close)            # padding changes nothing
    later = ids.clone(); later[0, 9:] = 7
    with torch.no_grad(): changed = model(later, mask).logits
    torch.testing.assert_close(changed[0, :9], free[0, :9], **close)                 # nor does what comes later
    torch.testing.assert_close(changed[1:][mask[1:]], free[1:][mask[1:]], **close)   # nor company
    assert (changed[0, 9:] - free[0, 9:]).abs().mean() > .01

    model.train()(ids, mask, labels).loss.backward()
    for name, p in model.named_parameters(): assert p.grad is not None and p.grad.isfinite().all(), name
    model.eval().save_pretrained(tmp_path)
    again = TransformerForCausalLM.from_pretrained(tmp_path, seed=9).to(dtype).eval()
    assert torch.equal(again(ids, mask).logits, model(ids, mask).logits)


@pytest.mark.parametrize("kind", CAUSAL)
def test_checkpointed_decoders_give_the_same_gradients_and_autocast_is_finite(kind):
    ids, mask, _ = batch()
    grads = []
    for again in (False, True):
        model = lively(TransformerForCausalLM(config(kind, mlp_dropout=0., embedding_dropout=0., gradient_checkpointing=again)))
        for block in model.encoder.blocks: block.attention.dropout.p = 0.
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model.train()(ids, mask, next_tokens(ids, mask)).loss.backward()
        grads.append([p.grad for p in model.parameters()])
    for a, b in zip(*grads): torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-4)
    with torch.autocast("cpu", torch.bfloat16): loss = model(ids, mask, next_tokens(ids, mask)).loss
    assert loss.isfinite()


@pytest.mark.parametrize("kind", CAUSAL)
def test_a_pair_keeps_its_sources_apart(kind):
    pair = lively(EncoderDecoder(config(kind, norm="pre"), seed=1)).eval()
    ids, mask, _ = batch()
    target, there, _ = batch(seed=5)
    with torch.no_grad(): out, longer = pair(ids, mask, target, there).logits, pair(*batch(33)[:2], target, there).logits
    torch.testing.assert_close(longer, out, atol=1e-3, rtol=1e-3)
    other = ids.clone(); other[1, 2] = 9
    with torch.no_grad(): changed = pair(other, mask, target, there).logits
    torch.testing.assert_close(changed[[0, 2]], out[[0, 2]], atol=1e-3, rtol=1e-3)
    assert (changed[1] - out[1])[there[1]].abs().max() > .01
    pair.train()(ids, mask, target, there, next_tokens(target, there)).loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in pair.parameters())


@pytest.mark.parametrize("kind, norm", list(itertools.product(MEMORIES, NORMS)))
def test_what_is_remembered_is_what_would_be_read(kind, norm):
    model = lively(TransformerForCausalLM(config(kind, "rope", norm), seed=1)).eval()
    prompts = [[5, 6, 7], [8], list(range(10, 30))]
    def written(cache): return torch.stack(list(write(model, prompts, DecodingConfig(max_new_tokens=45, temperature=0, cache=cache))))
    assert torch.equal(written(True), written(False))
    def found(cache): return [y for _, y in beam_search(model, [5, 6], BeamConfig(num_beams=3, max_new_tokens=9, cache=cache), end=2)]
    assert found(True) == found(False)


def test_a_cache_used_wrongly_is_one_line():
    model = TransformerForCausalLM(config()).eval()
    memories = make_memories(model, 4)
    following(model, [[5, 6], [7], [8, 9]], memories)
    with pytest.raises(UserError, match="holds 3 texts and was given a token of 2: begin anew"):
        following(model, [[5, 6, 7], [7, 8]], memories)
    for n in range(3, 5): following(model, [[5]*n, [7]*(n - 1), [8]*n], memories)
    with pytest.raises(UserError, match="the cache of 4 tokens is full"): following(model, [[5]*5, [7]*4, [8]*5], memories)


@pytest.mark.parametrize("ask, words", [
    (lambda m: next(write(m, [])), "a prompt is empty"), (lambda m: next(write(m, [[5], []])), "a prompt is empty"),
    (lambda m: beam_search(m, []), "a prompt is empty"),
    (lambda m: next(write(m, [[5]*60], DecodingConfig(context="refuse"))), "max_sequence_length = 40"),
    (lambda m: beam_search(m, [5]*60), "max_sequence_length = 40"),
    (lambda m: next(write(m, [[5, 60]])), "id 60 is outside the vocabulary"),
    (lambda m: next(write(TransformerForCausalLM(config("near_far")).eval(), [[5]])), "'near_far' has no cache"),
    (lambda m: next(write(TransformerForCausalLM(config(pos="relative")).eval(), [[5]])), "'relative' has no cache"),
    (lambda m: TransformerForCausalLM(config("nystrom")), "cannot be a decoder's")])
def test_what_cannot_be_written_is_one_line(ask, words):
    with pytest.raises(UserError, match=words) as told: ask(TransformerForCausalLM(config()).eval())
    assert "\n" not in str(told.value)
