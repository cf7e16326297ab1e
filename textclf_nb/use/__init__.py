"""Where the users are. A name is imported when it is first asked for, so that a part costs nothing until it is used."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={
    "cli": ["app", "main"],
    "fit": ["fit_table"],
    "hf_models": ["TextclfConfig", "TextclfForMaskedLM", "TextclfForSequenceClassification", "TextclfModel", "export_hf"],
    "huggingface": ["register_with_transformers"],
    "onnx_export": ["export_onnx"],
    "sklearn": ["TextClassifier", "TextEmbedder"],
    "ui": ["build_ui", "words_that_told"],
})
