"""From texts to batches. Importing this part makes the corpora known that come with it; other names are imported when first asked for."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={
    "tokenizer": ["TokenizerConfig", "WindowConfig", "WordPieceTokenizer"],
    "sources": ["SourceConfig", "read_file", "read_pieces"],
    "corpora": ["Corpus", "DataConfig", "available_corpora", "load_corpus", "plot_corpus", "register_corpus"],
    "recipes": ["Recipe", "register_recipe"],
    "batches": ["Loader", "make_loader", "mask_tokens", "tokenize_corpus"],
    "pictures": ["decode", "picture_loader", "pixel_rows", "plot_pictures"],
})
from textclf_nb.data import pictures as _pictures, recipes as _recipes  # noqa: E402, F401  register "digits", "imdb", …
