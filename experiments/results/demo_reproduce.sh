#!/usr/bin/env bash
# Repeats the runs of a report. Run it in a fresh clone of the project, after `make env` and `source .venv/bin/activate`.
# It takes each configuration from the folder beside it, overwrites no run, and compares only what read the same corpus.
set -euo pipefail
here=$(cd -- "$(dirname -- "$0")" && pwd)
settings=demo_reproduce
command -v textclf > /dev/null || { echo "textclf is not on the PATH: source .venv/bin/activate" >&2; exit 2; }
fresh() {
  [ ! -e "$1" ] || { echo "$1 exists already: run this in a fresh clone" >&2; exit 2; }
  mkdir -p -- "$1"
  cp -- "$here/$settings/$2" "$1/config.yaml"
}
same_corpus() {
  python3 -c 'import json, sys; found = json.load(open(sys.argv[1] + "/run.json"))["corpus"]["hash"]; sys.exit(found != sys.argv[2])' "$1" "$2" ||
    { echo "$1 read another corpus than the report's: nothing is compared" >&2; exit 3; }
}
echo 'Then: commit 7aa7d86b0b0d3470383f715a84f7fe0234d02734; python 3.11.7, textclf-nb 0.1.0, torch 2.13.0+cpu, transformers 5.23.0, tokenizers 0.23.3, datasets 5.2.0, numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1, wandb 0.31.0'
fresh experiments/finetuning/demo-mha finetuning/demo-mha.yaml
textclf train experiments/finetuning/demo-mha
same_corpus experiments/finetuning/demo-mha 48effb5f8e89fe17
fresh experiments/finetuning/demo-lsh finetuning/demo-lsh.yaml
textclf train experiments/finetuning/demo-lsh
same_corpus experiments/finetuning/demo-lsh 48effb5f8e89fe17
fresh experiments/finetuning/demo-favor finetuning/demo-favor.yaml
textclf train experiments/finetuning/demo-favor
same_corpus experiments/finetuning/demo-favor 48effb5f8e89fe17
fresh experiments/baseline/demo-tfidf baseline/demo-tfidf.yaml
textclf baseline experiments/baseline/demo-tfidf
same_corpus experiments/baseline/demo-tfidf 48effb5f8e89fe17
textclf compare experiments/finetuning/demo-mha experiments/finetuning/demo-lsh experiments/finetuning/demo-favor experiments/baseline/demo-tfidf --prefix=demo_