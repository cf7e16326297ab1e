"""The encoder and its task models. A name is imported when it is first asked for, so that a part costs nothing until it is used."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={
    "positions": ["LearnedPositions", "RelativeBias", "RelativeConfig", "RopeConfig", "Rotary",
        "SinusoidalPositions", "apply_rope"],
    "encoder": ["AttentionConfig", "Block", "Embeddings", "Encoder", "EncoderConfig", "MLP", "MultiHeadAttention",
        "Packing", "Stack", "build_block", "compile_layers"],
    "cross": ["CrossAttention", "CrossBlock", "EncoderDecoder", "Reader", "Source"],
    "decoder": ["DecoderConfig", "LMHeadConfig", "TransformerForCausalLM", "causal_mask", "decoder_flops",
        "decoder_parameters", "next_tokens"],
    "generation": ["BeamConfig", "DecodingConfig", "Memory", "beam_search", "make_memories", "register_memory",
        "until", "write"],
    "heads": ["ClassificationHead", "ClassificationHeadConfig", "MLMHead", "MLMHeadConfig", "POOLINGS"],
    "models": ["ModelConfig", "ModelOutput", "Transformer", "TransformerForMaskedLM",
        "TransformerForSequenceClassification", "count_parameters", "flops_per_token", "freeze", "load_bert",
        "load_model", "load_weights", "mechanism_inputs", "save_model"],
    "picture": ["plot_model"],
    "vision": ["PatchEmbeddings", "PictureConfig", "Rotary2D", "TransformerForImageClassification", "VisionConfig",
        "VisionEncoder", "load_vit"],
})
