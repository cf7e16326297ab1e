#!/usr/bin/env bash
# Repeats the runs of this report. Run it in a fresh clone of the project, after `make env` and `source .venv/bin/activate`.
# Versions then: datasets 5.2.0, numpy 2.4.6, pandas 3.1.1, python 3.11.7, scikit-learn 1.9.1, textclf-nb 0.1.0, tokenizers 0.23.3, torch 2.13.0+cpu, transformers 5.23.0, wandb 0.31.0
set -euo pipefail
command -v textclf > /dev/null || { echo "textclf is not on the PATH: source .venv/bin/activate" >&2; exit 2; }
fresh() { [ ! -e "$1" ] || { echo "$1 exists already: run this in a fresh clone" >&2; exit 2; }; mkdir -p "$1"; }

fresh experiments/pretraining/docstrings-mha
cat > experiments/pretraining/docstrings-mha/config.yaml <<'END_OF_CONFIG'
experiment:
  name: docstrings-mha
  kind: pretraining
  output_dir: experiments
  seed: 0
data:
  corpus: docstrings
  path: null
  text_col: text
  label_col: label
  encoding: utf-8
  drop_empty: false
  limit: null
  split:
  - 0.8
  - 0.1
  - 0.1
  split_seed: 0
  train:
    dataset_path: null
    shuffle: true
  val:
    dataset_path: null
    shuffle: false
  test:
    dataset_path: null
    shuffle: false
tokenizer:
  vocab_dir: null
  max_length: 256
  truncation: head
  vocab_size: 16384
  min_frequency: 2
architecture:
  pad_token_id: 0
  type_vocab_size: 0
  embedding_dim: 128
  num_layers: 2
  mlp_size: 512
  mlp_dropout: 0.1
  embedding_dropout: 0.1
  pos_encoding: rope
  rope:
    rope_base: 10000.0
    rope_scale: 1.0
  relative:
    kind: buckets
    num_buckets: 32
    max_distance: 128
  norm: pre
  gradient_checkpointing: false
  attention:
    kind: mha
    num_heads: 4
    attention_embedding_dim: null
    projection_bias: true
    attn_out_drop: 0.1
    attn_dropout: 0.0
    qk_norm: false
    mha:
      use_native_sdpa: true
mlm_head:
  tie_mlm_weights: true
  mask_p: 0.15
  mask_token_p: 0.8
  random_token_p: 0.1
training:
  batch_size: 32
  max_tokens: null
  epochs: 2
  learning_rate: 0.002
  warmup_ratio: 0.1
  min_lr_ratio: 0.1
  weight_decay: 0.05
  max_grad_norm: 1.0
  grad_accum_steps: 1
  use_amp: auto
  loss: cross_entropy
  label_smoothing: 0.0
  device: auto
  head_lr_mult: 1.0
  backbone_lr_mult: 1.0
  freeze: false
  freeze_n_layers: 0
  freeze_epochs: 1
  freeze_embeddings: true
  monitor: auto
  log_every: 10
  checkpoint_every: null
logging:
  use_wandb: true
  wandb:
    entity: null
    project: textclf-nb
    run_name: null
  log_eval_metrics: true
  log_metrics_csv: true
  log_gpu_memory: true
  csv_train_metrics_path: metrics/train/metrics.csv
  csv_eval_metrics_path: metrics/eval/metrics.csv
END_OF_CONFIG
textclf train experiments/pretraining/docstrings-mha

fresh experiments/pretraining/docstrings-lsh
cat > experiments/pretraining/docstrings-lsh/config.yaml <<'END_OF_CONFIG'
experiment:
  name: docstrings-lsh
  kind: pretraining
  output_dir: experiments
  seed: 0
data:
  corpus: docstrings
  path: null
  text_col: text
  label_col: label
  encoding: utf-8
  drop_empty: false
  limit: null
  split:
  - 0.8
  - 0.1
  - 0.1
  split_seed: 0
  train:
    dataset_path: null
    shuffle: true
  val:
    dataset_path: null
    shuffle: false
  test:
    dataset_path: null
    shuffle: false
tokenizer:
  vocab_dir: null
  max_length: 256
  truncation: head
  vocab_size: 16384
  min_frequency: 2
architecture:
  pad_token_id: 0
  type_vocab_size: 0
  embedding_dim: 128
  num_layers: 2
  mlp_size: 512
  mlp_dropout: 0.1
  embedding_dropout: 0.1
  pos_encoding: rope
  rope:
    rope_base: 10000.0
    rope_scale: 1.0
  relative:
    kind: buckets
    num_buckets: 32
    max_distance: 128
  norm: pre
  gradient_checkpointing: false
  attention:
    kind: lsh
    num_heads: 4
    attention_embedding_dim: null
    projection_bias: true
    attn_out_drop: 0.1
    attn_dropout: 0.0
    qk_norm: false
    lsh:
      num_hashes: 2
      chunk_size: 64
      mask_within_chunks: true
      combine: mean
      exact_below: auto
mlm_head:
  tie_mlm_weights: true
  mask_p: 0.15
  mask_token_p: 0.8
  random_token_p: 0.1
training:
  batch_size: 32
  max_tokens: null
  epochs: 2
  learning_rate: 0.002
  warmup_ratio: 0.1
  min_lr_ratio: 0.1
  weight_decay: 0.05
  max_grad_norm: 1.0
  grad_accum_steps: 1
  use_amp: auto
  loss: cross_entropy
  label_smoothing: 0.0
  device: auto
  head_lr_mult: 1.0
  backbone_lr_mult: 1.0
  freeze: false
  freeze_n_layers: 0
  freeze_epochs: 1
  freeze_embeddings: true
  monitor: auto
  log_every: 10
  checkpoint_every: null
logging:
  use_wandb: true
  wandb:
    entity: null
    project: textclf-nb
    run_name: null
  log_eval_metrics: true
  log_metrics_csv: true
  log_gpu_memory: true
  csv_train_metrics_path: metrics/train/metrics.csv
  csv_eval_metrics_path: metrics/eval/metrics.csv
END_OF_CONFIG
textclf train experiments/pretraining/docstrings-lsh

fresh experiments/pretraining/docstrings-favor
cat > experiments/pretraining/docstrings-favor/config.yaml <<'END_OF_CONFIG'
experiment:
  name: docstrings-favor
  kind: pretraining
  output_dir: experiments
  seed: 0
data:
  corpus: docstrings
  path: null
  text_col: text
  label_col: label
  encoding: utf-8
  drop_empty: false
  limit: null
  split:
  - 0.8
  - 0.1
  - 0.1
  split_seed: 0
  train:
    dataset_path: null
    shuffle: true
  val:
    dataset_path: null
    shuffle: false
  test:
    dataset_path: null
    shuffle: false
tokenizer:
  vocab_dir: null
  max_length: 256
  truncation: head
  vocab_size: 16384
  min_frequency: 2
architecture:
  pad_token_id: 0
  type_vocab_size: 0
  embedding_dim: 128
  num_layers: 2
  mlp_size: 512
  mlp_dropout: 0.1
  embedding_dropout: 0.1
  pos_encoding: rope
  rope:
    rope_base: 10000.0
    rope_scale: 1.0
  relative:
    kind: buckets
    num_buckets: 32
    max_distance: 128
  norm: pre
  gradient_checkpointing: false
  attention:
    kind: favor
    num_heads: 4
    attention_embedding_dim: null
    projection_bias: true
    attn_out_drop: 0.1
    attn_dropout: 0.0
    qk_norm: false
    favor:
      nb_features: 64
      ortho_features: true
      redraw_interval: 0
      phi: optimal
      stabilize: true
      eps: 1.0e-06
      center: null
      psi_scaling: null
      shrink: false
mlm_head:
  tie_mlm_weights: true
  mask_p: 0.15
  mask_token_p: 0.8
  random_token_p: 0.1
training:
  batch_size: 32
  max_tokens: null
  epochs: 2
  learning_rate: 0.002
  warmup_ratio: 0.1
  min_lr_ratio: 0.1
  weight_decay: 0.05
  max_grad_norm: 1.0
  grad_accum_steps: 1
  use_amp: auto
  loss: cross_entropy
  label_smoothing: 0.0
  device: auto
  head_lr_mult: 1.0
  backbone_lr_mult: 1.0
  freeze: false
  freeze_n_layers: 0
  freeze_epochs: 1
  freeze_embeddings: true
  monitor: auto
  log_every: 10
  checkpoint_every: null
logging:
  use_wandb: true
  wandb:
    entity: null
    project: textclf-nb
    run_name: null
  log_eval_metrics: true
  log_metrics_csv: true
  log_gpu_memory: true
  csv_train_metrics_path: metrics/train/metrics.csv
  csv_eval_metrics_path: metrics/eval/metrics.csv
END_OF_CONFIG
textclf train experiments/pretraining/docstrings-favor

fresh experiments/finetuning/docstrings-mha
cat > experiments/finetuning/docstrings-mha/config.yaml <<'END_OF_CONFIG'
experiment:
  name: docstrings-mha
  kind: finetuning
  output_dir: experiments
  seed: 0
pretrained_experiment:
  name: docstrings-mha
  checkpoint: best-model.ckpt
data:
  corpus: docstrings
  path: null
  text_col: text
  label_col: label
  encoding: utf-8
  drop_empty: false
  limit: null
  split:
  - 0.8
  - 0.1
  - 0.1
  split_seed: 0
  train:
    dataset_path: null
    shuffle: true
  val:
    dataset_path: null
    shuffle: false
  test:
    dataset_path: null
    shuffle: false
tokenizer:
  vocab_dir: experiments/pretraining/docstrings-mha/tokenizer
  max_length: 256
  truncation: head
  vocab_size: 16384
  min_frequency: 2
architecture:
  pad_token_id: 0
  type_vocab_size: 0
  embedding_dim: 128
  num_layers: 2
  mlp_size: 512
  mlp_dropout: 0.1
  embedding_dropout: 0.1
  pos_encoding: rope
  rope:
    rope_base: 10000.0
    rope_scale: 1.0
  relative:
    kind: buckets
    num_buckets: 32
    max_distance: 128
  norm: pre
  gradient_checkpointing: false
  attention:
    kind: mha
    num_heads: 4
    attention_embedding_dim: null
    projection_bias: true
    attn_out_drop: 0.1
    attn_dropout: 0.0
    qk_norm: false
    mha:
      use_native_sdpa: true
classification_head:
  pooling: mean
  pooling_step: 4
  pooler_type: bert
  classifier_dropout: 0.1
training:
  batch_size: 32
  max_tokens: null
  epochs: 5
  learning_rate: 0.001
  warmup_ratio: 0.1
  min_lr_ratio: 0.1
  weight_decay: 0.05
  max_grad_norm: 1.0
  grad_accum_steps: 1
  use_amp: auto
  loss: cross_entropy
  label_smoothing: 0.1
  device: auto
  head_lr_mult: 1.0
  backbone_lr_mult: 1.0
  freeze: false
  freeze_n_layers: 0
  freeze_epochs: 1
  freeze_embeddings: true
  monitor: auto
  log_every: 10
  checkpoint_every: null
logging:
  use_wandb: true
  wandb:
    entity: null
    project: textclf-nb
    run_name: null
  log_eval_metrics: true
  log_metrics_csv: true
  log_gpu_memory: true
  csv_train_metrics_path: metrics/train/metrics.csv
  csv_eval_metrics_path: metrics/eval/metrics.csv
END_OF_CONFIG
textclf train experiments/finetuning/docstrings-mha

fresh experiments/finetuning/docstrings-lsh
cat > experiments/finetuning/docstrings-lsh/config.yaml <<'END_OF_CONFIG'
experiment:
  name: docstrings-lsh
  kind: finetuning
  output_dir: experiments
  seed: 0
pretrained_experiment:
  name: docstrings-lsh
  checkpoint: best-model.ckpt
data:
  corpus: docstrings
  path: null
  text_col: text
  label_col: label
  encoding: utf-8
  drop_empty: false
  limit: null
  split:
  - 0.8
  - 0.1
  - 0.1
  split_seed: 0
  train:
    dataset_path: null
    shuffle: true
  val:
    dataset_path: null
    shuffle: false
  test:
    dataset_path: null
    shuffle: false
tokenizer:
  vocab_dir: experiments/pretraining/docstrings-lsh/tokenizer
  max_length: 256
  truncation: head
  vocab_size: 16384
  min_frequency: 2
architecture:
  pad_token_id: 0
  type_vocab_size: 0
  embedding_dim: 128
  num_layers: 2
  mlp_size: 512
  mlp_dropout: 0.1
  embedding_dropout: 0.1
  pos_encoding: rope
  rope:
    rope_base: 10000.0
    rope_scale: 1.0
  relative:
    kind: buckets
    num_buckets: 32
    max_distance: 128
  norm: pre
  gradient_checkpointing: false
  attention:
    kind: lsh
    num_heads: 4
    attention_embedding_dim: null
    projection_bias: true
    attn_out_drop: 0.1
    attn_dropout: 0.0
    qk_norm: false
    lsh:
      num_hashes: 2
      chunk_size: 64
      mask_within_chunks: true
      combine: mean
      exact_below: auto
classification_head:
  pooling: mean
  pooling_step: 4
  pooler_type: bert
  classifier_dropout: 0.1
training:
  batch_size: 32
  max_tokens: null
  epochs: 5
  learning_rate: 0.001
  warmup_ratio: 0.1
  min_lr_ratio: 0.1
  weight_decay: 0.05
  max_grad_norm: 1.0
  grad_accum_steps: 1
  use_amp: auto
  loss: cross_entropy
  label_smoothing: 0.1
  device: auto
  head_lr_mult: 1.0
  backbone_lr_mult: 1.0
  freeze: false
  freeze_n_layers: 0
  freeze_epochs: 1
  freeze_embeddings: true
  monitor: auto
  log_every: 10
  checkpoint_every: null
logging:
  use_wandb: true
  wandb:
    entity: null
    project: textclf-nb
    run_name: null
  log_eval_metrics: true
  log_metrics_csv: true
  log_gpu_memory: true
  csv_train_metrics_path: metrics/train/metrics.csv
  csv_eval_metrics_path: metrics/eval/metrics.csv
END_OF_CONFIG
textclf train experiments/finetuning/docstrings-lsh

fresh experiments/finetuning/docstrings-favor
cat > experiments/finetuning/docstrings-favor/config.yaml <<'END_OF_CONFIG'
experiment:
  name: docstrings-favor
  kind: finetuning
  output_dir: experiments
  seed: 0
pretrained_experiment:
  name: docstrings-favor
  checkpoint: best-model.ckpt
data:
  corpus: docstrings
  path: null
  text_col: text
  label_col: label
  encoding: utf-8
  drop_empty: false
  limit: null
  split:
  - 0.8
  - 0.1
  - 0.1
  split_seed: 0
  train:
    dataset_path: null
    shuffle: true
  val:
    dataset_path: null
    shuffle: false
  test:
    dataset_path: null
    shuffle: false
tokenizer:
  vocab_dir: experiments/pretraining/docstrings-favor/tokenizer
  max_length: 256
  truncation: head
  vocab_size: 16384
  min_frequency: 2
architecture:
  pad_token_id: 0
  type_vocab_size: 0
  embedding_dim: 128
  num_layers: 2
  mlp_size: 512
  mlp_dropout: 0.1
  embedding_dropout: 0.1
  pos_encoding: rope
  rope:
    rope_base: 10000.0
    rope_scale: 1.0
  relative:
    kind: buckets
    num_buckets: 32
    max_distance: 128
  norm: pre
  gradient_checkpointing: false
  attention:
    kind: favor
    num_heads: 4
    attention_embedding_dim: null
    projection_bias: true
    attn_out_drop: 0.1
    attn_dropout: 0.0
    qk_norm: false
    favor:
      nb_features: 64
      ortho_features: true
      redraw_interval: 0
      phi: optimal
      stabilize: true
      eps: 1.0e-06
      center: null
      psi_scaling: null
      shrink: false
classification_head:
  pooling: mean
  pooling_step: 4
  pooler_type: bert
  classifier_dropout: 0.1
training:
  batch_size: 32
  max_tokens: null
  epochs: 5
  learning_rate: 0.001
  warmup_ratio: 0.1
  min_lr_ratio: 0.1
  weight_decay: 0.05
  max_grad_norm: 1.0
  grad_accum_steps: 1
  use_amp: auto
  loss: cross_entropy
  label_smoothing: 0.1
  device: auto
  head_lr_mult: 1.0
  backbone_lr_mult: 1.0
  freeze: false
  freeze_n_layers: 0
  freeze_epochs: 1
  freeze_embeddings: true
  monitor: auto
  log_every: 10
  checkpoint_every: null
logging:
  use_wandb: true
  wandb:
    entity: null
    project: textclf-nb
    run_name: null
  log_eval_metrics: true
  log_metrics_csv: true
  log_gpu_memory: true
  csv_train_metrics_path: metrics/train/metrics.csv
  csv_eval_metrics_path: metrics/eval/metrics.csv
END_OF_CONFIG
textclf train experiments/finetuning/docstrings-favor

fresh experiments/baseline/docstrings-tfidf
cat > experiments/baseline/docstrings-tfidf/config.yaml <<'END_OF_CONFIG'
experiment:
  name: docstrings-tfidf
  kind: baseline
  seed: 0
data:
  corpus: docstrings
  path: null
  text_col: text
  label_col: label
  encoding: utf-8
  drop_empty: false
  limit: null
  split:
  - 0.8
  - 0.1
  - 0.1
  split_seed: 0
  train:
    dataset_path: null
    shuffle: true
  val:
    dataset_path: null
    shuffle: false
  test:
    dataset_path: null
    shuffle: false
baseline:
  max_features: 20000
  ngram_range:
  - 1
  - 2
  min_df: 2
  max_df: 0.9
  C: 1.0
  max_iter: 1000
END_OF_CONFIG
textclf baseline experiments/baseline/docstrings-tfidf

textclf compare experiments/pretraining/docstrings-mha experiments/pretraining/docstrings-lsh experiments/pretraining/docstrings-favor experiments/finetuning/docstrings-mha experiments/finetuning/docstrings-lsh experiments/finetuning/docstrings-favor experiments/baseline/docstrings-tfidf
