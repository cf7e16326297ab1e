"""From texts to batches. A name is imported when it is first asked for, so that a part costs nothing until it is used."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={
    "tokenizer": ["TokenizerConfig", "WindowConfig", "WordPieceTokenizer"],
    "corpora": ["Corpus", "DataConfig", "available_corpora", "load_corpus", "plot_corpus", "read_file",
        "register_corpus", "register_recipe"],
    "batches": ["Loader", "make_loader", "mask_tokens", "tokenize_corpus"],
})
