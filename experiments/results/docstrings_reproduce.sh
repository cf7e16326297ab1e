#!/usr/bin/env bash
# Repeats the runs of a report. Run it in a fresh clone of the project, after `make env` and `source .venv/bin/activate`.
# It takes each configuration from the folder beside it, overwrites no run, and compares only what read the same corpus.
set -euo pipefail
here=$(cd -- "$(dirname -- "$0")" && pwd)
settings=docstrings_reproduce
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
echo 'Then: commit 2f9115ad939eb364120d8e57493d5d98ba648d45; python 3.11.7, textclf-nb 0.1.0, torch 2.13.0+cpu, transformers 5.23.0, tokenizers 0.23.3, datasets 5.2.0, numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1, wandb 0.31.0'
fresh experiments/finetuning/docstrings-mha finetuning/docstrings-mha.yaml
textclf train experiments/finetuning/docstrings-mha
same_corpus experiments/finetuning/docstrings-mha 3b0e3e51843103b3
fresh experiments/finetuning/docstrings-lsh finetuning/docstrings-lsh.yaml
textclf train experiments/finetuning/docstrings-lsh
same_corpus experiments/finetuning/docstrings-lsh 3b0e3e51843103b3
fresh experiments/finetuning/docstrings-favor finetuning/docstrings-favor.yaml
textclf train experiments/finetuning/docstrings-favor
same_corpus experiments/finetuning/docstrings-favor 3b0e3e51843103b3
fresh experiments/baseline/docstrings-tfidf baseline/docstrings-tfidf.yaml
textclf baseline experiments/baseline/docstrings-tfidf
same_corpus experiments/baseline/docstrings-tfidf 3b0e3e51843103b3
textclf compare experiments/finetuning/docstrings-mha experiments/finetuning/docstrings-lsh experiments/finetuning/docstrings-favor experiments/baseline/docstrings-tfidf --prefix=docstrings_