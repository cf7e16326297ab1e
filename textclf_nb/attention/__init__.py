"""Attention mechanisms behind one contract; importing this package registers those that come with it."""

from textclf_nb.attention.base import (
    Attention, AttentionOptions, attention_class, available_attention, build_attention, naive_attention, register_attention,
)

__all__ = ["Attention", "AttentionOptions", "attention_class", "available_attention", "build_attention", "naive_attention", "register_attention"]
