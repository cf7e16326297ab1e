"""Attention mechanisms behind one contract; importing this package registers those that come with it."""

from textclf_nb.attention.base import (
    Attention, AttentionOptions, attention_class, available_attention, available_implementations, build_attention, naive_attention,
    register_attention, register_implementation,
)
from textclf_nb.attention import sdpa as _sdpa  # noqa: F401  registers "mha"
from textclf_nb.attention import lsh as _lsh  # noqa: F401  registers "lsh"
from textclf_nb.attention import favor as _favor  # noqa: F401  registers "favor"
from textclf_nb.attention import window as _window  # noqa: F401  registers "window"
from textclf_nb.attention import nystrom as _nystrom  # noqa: F401  registers "nystrom"
from textclf_nb.attention import linear as _linear  # noqa: F401  registers "linformer" and "cosformer"
from textclf_nb.attention import near_far as _near_far  # noqa: F401  registers "near_far"
from textclf_nb.attention import favor_fast as _favor_fast  # noqa: F401  its fast implementation
from textclf_nb.attention import lsh_fast as _lsh_fast  # noqa: F401  adds implementation "fast" to "lsh"
from textclf_nb.attention import kernels as _kernels  # noqa: F401  implementations "triton"
from textclf_nb.attention import lsh_kernels as _lsh_kernels  # noqa: F401
from textclf_nb.attention import window_flex as _window_flex  # noqa: F401  implementation "flex" of "window"

__all__ = ["Attention", "AttentionOptions", "attention_class", "available_attention", "available_implementations", "build_attention",
           "naive_attention", "register_attention", "register_implementation"]
