#!/usr/bin/env bash
# Repeats the runs of a report. Run it in a fresh clone of the project, after `make env` and `source .venv/bin/activate`.
# It takes each configuration from the folder beside it, overwrites no run, and compares only what read the same corpus.
set -euo pipefail
here=$(cd -- "$(dirname -- "$0")" && pwd)
settings=hyperpartisan_reproduce
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
echo 'Then: commit ffcbdecb516a0affa5db28b1e7a62cbd343294e8; python 3.11.7, textclf-nb 0.1.0, torch 2.13.0+cpu, transformers 5.23.0, tokenizers 0.23.3, datasets 5.2.0, numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1, wandb 0.31.0'
fresh experiments/finetuning/hyperpartisan-finetune-f0-s0 finetuning/hyperpartisan-finetune-f0-s0.yaml
textclf train experiments/finetuning/hyperpartisan-finetune-f0-s0
same_corpus experiments/finetuning/hyperpartisan-finetune-f0-s0 925d7d99e5a69426
fresh experiments/finetuning/hyperpartisan-finetune-f1-s0 finetuning/hyperpartisan-finetune-f1-s0.yaml
textclf train experiments/finetuning/hyperpartisan-finetune-f1-s0
same_corpus experiments/finetuning/hyperpartisan-finetune-f1-s0 ea660fea1abd8c3b
fresh experiments/finetuning/hyperpartisan-finetune-f2-s0 finetuning/hyperpartisan-finetune-f2-s0.yaml
textclf train experiments/finetuning/hyperpartisan-finetune-f2-s0
same_corpus experiments/finetuning/hyperpartisan-finetune-f2-s0 1dd5cf5e87c7b559
fresh experiments/finetuning/hyperpartisan-finetune-f3-s0 finetuning/hyperpartisan-finetune-f3-s0.yaml
textclf train experiments/finetuning/hyperpartisan-finetune-f3-s0
same_corpus experiments/finetuning/hyperpartisan-finetune-f3-s0 af328d80f39fc6ff
fresh experiments/finetuning/hyperpartisan-finetune-f4-s0 finetuning/hyperpartisan-finetune-f4-s0.yaml
textclf train experiments/finetuning/hyperpartisan-finetune-f4-s0
same_corpus experiments/finetuning/hyperpartisan-finetune-f4-s0 d6977af6bd25936e
fresh experiments/finetuning/hyperpartisan-finetune-f5-s0 finetuning/hyperpartisan-finetune-f5-s0.yaml
textclf train experiments/finetuning/hyperpartisan-finetune-f5-s0
same_corpus experiments/finetuning/hyperpartisan-finetune-f5-s0 e3f9195c89b87e52
fresh experiments/finetuning/hyperpartisan-finetune-f6-s0 finetuning/hyperpartisan-finetune-f6-s0.yaml
textclf train experiments/finetuning/hyperpartisan-finetune-f6-s0
same_corpus experiments/finetuning/hyperpartisan-finetune-f6-s0 5d1752fd656c5ac9
fresh experiments/finetuning/hyperpartisan-finetune-f7-s0 finetuning/hyperpartisan-finetune-f7-s0.yaml
textclf train experiments/finetuning/hyperpartisan-finetune-f7-s0
same_corpus experiments/finetuning/hyperpartisan-finetune-f7-s0 696c0d17e1cbf8a2
fresh experiments/finetuning/hyperpartisan-finetune-f8-s0 finetuning/hyperpartisan-finetune-f8-s0.yaml
textclf train experiments/finetuning/hyperpartisan-finetune-f8-s0
same_corpus experiments/finetuning/hyperpartisan-finetune-f8-s0 0c4a3416b627de4b
fresh experiments/finetuning/hyperpartisan-finetune-f9-s0 finetuning/hyperpartisan-finetune-f9-s0.yaml
textclf train experiments/finetuning/hyperpartisan-finetune-f9-s0
same_corpus experiments/finetuning/hyperpartisan-finetune-f9-s0 0c8e4719358c0d08
fresh experiments/baseline/hyperpartisan-tfidf-f0 baseline/hyperpartisan-tfidf-f0.yaml
textclf baseline experiments/baseline/hyperpartisan-tfidf-f0
same_corpus experiments/baseline/hyperpartisan-tfidf-f0 925d7d99e5a69426
fresh experiments/baseline/hyperpartisan-tfidf-f1 baseline/hyperpartisan-tfidf-f1.yaml
textclf baseline experiments/baseline/hyperpartisan-tfidf-f1
same_corpus experiments/baseline/hyperpartisan-tfidf-f1 ea660fea1abd8c3b
fresh experiments/baseline/hyperpartisan-tfidf-f2 baseline/hyperpartisan-tfidf-f2.yaml
textclf baseline experiments/baseline/hyperpartisan-tfidf-f2
same_corpus experiments/baseline/hyperpartisan-tfidf-f2 1dd5cf5e87c7b559
fresh experiments/baseline/hyperpartisan-tfidf-f3 baseline/hyperpartisan-tfidf-f3.yaml
textclf baseline experiments/baseline/hyperpartisan-tfidf-f3
same_corpus experiments/baseline/hyperpartisan-tfidf-f3 af328d80f39fc6ff
fresh experiments/baseline/hyperpartisan-tfidf-f4 baseline/hyperpartisan-tfidf-f4.yaml
textclf baseline experiments/baseline/hyperpartisan-tfidf-f4
same_corpus experiments/baseline/hyperpartisan-tfidf-f4 d6977af6bd25936e
fresh experiments/baseline/hyperpartisan-tfidf-f5 baseline/hyperpartisan-tfidf-f5.yaml
textclf baseline experiments/baseline/hyperpartisan-tfidf-f5
same_corpus experiments/baseline/hyperpartisan-tfidf-f5 e3f9195c89b87e52
fresh experiments/baseline/hyperpartisan-tfidf-f6 baseline/hyperpartisan-tfidf-f6.yaml
textclf baseline experiments/baseline/hyperpartisan-tfidf-f6
same_corpus experiments/baseline/hyperpartisan-tfidf-f6 5d1752fd656c5ac9
fresh experiments/baseline/hyperpartisan-tfidf-f7 baseline/hyperpartisan-tfidf-f7.yaml
textclf baseline experiments/baseline/hyperpartisan-tfidf-f7
same_corpus experiments/baseline/hyperpartisan-tfidf-f7 696c0d17e1cbf8a2
fresh experiments/baseline/hyperpartisan-tfidf-f8 baseline/hyperpartisan-tfidf-f8.yaml
textclf baseline experiments/baseline/hyperpartisan-tfidf-f8
same_corpus experiments/baseline/hyperpartisan-tfidf-f8 0c4a3416b627de4b
fresh experiments/baseline/hyperpartisan-tfidf-f9 baseline/hyperpartisan-tfidf-f9.yaml
textclf baseline experiments/baseline/hyperpartisan-tfidf-f9
same_corpus experiments/baseline/hyperpartisan-tfidf-f9 0c8e4719358c0d08
fresh experiments/blend/hyperpartisan-both-f0 blend/hyperpartisan-both-f0.yaml
textclf blend hyperpartisan-both-f0 experiments/finetuning/hyperpartisan-finetune-f0-s0 experiments/baseline/hyperpartisan-tfidf-f0
same_corpus experiments/blend/hyperpartisan-both-f0 925d7d99e5a69426
fresh experiments/blend/hyperpartisan-both-f1 blend/hyperpartisan-both-f1.yaml
textclf blend hyperpartisan-both-f1 experiments/finetuning/hyperpartisan-finetune-f1-s0 experiments/baseline/hyperpartisan-tfidf-f1
same_corpus experiments/blend/hyperpartisan-both-f1 ea660fea1abd8c3b
fresh experiments/blend/hyperpartisan-both-f2 blend/hyperpartisan-both-f2.yaml
textclf blend hyperpartisan-both-f2 experiments/finetuning/hyperpartisan-finetune-f2-s0 experiments/baseline/hyperpartisan-tfidf-f2
same_corpus experiments/blend/hyperpartisan-both-f2 1dd5cf5e87c7b559
fresh experiments/blend/hyperpartisan-both-f3 blend/hyperpartisan-both-f3.yaml
textclf blend hyperpartisan-both-f3 experiments/finetuning/hyperpartisan-finetune-f3-s0 experiments/baseline/hyperpartisan-tfidf-f3
same_corpus experiments/blend/hyperpartisan-both-f3 af328d80f39fc6ff
fresh experiments/blend/hyperpartisan-both-f4 blend/hyperpartisan-both-f4.yaml
textclf blend hyperpartisan-both-f4 experiments/finetuning/hyperpartisan-finetune-f4-s0 experiments/baseline/hyperpartisan-tfidf-f4
same_corpus experiments/blend/hyperpartisan-both-f4 d6977af6bd25936e
fresh experiments/blend/hyperpartisan-both-f5 blend/hyperpartisan-both-f5.yaml
textclf blend hyperpartisan-both-f5 experiments/finetuning/hyperpartisan-finetune-f5-s0 experiments/baseline/hyperpartisan-tfidf-f5
same_corpus experiments/blend/hyperpartisan-both-f5 e3f9195c89b87e52
fresh experiments/blend/hyperpartisan-both-f6 blend/hyperpartisan-both-f6.yaml
textclf blend hyperpartisan-both-f6 experiments/finetuning/hyperpartisan-finetune-f6-s0 experiments/baseline/hyperpartisan-tfidf-f6
same_corpus experiments/blend/hyperpartisan-both-f6 5d1752fd656c5ac9
fresh experiments/blend/hyperpartisan-both-f7 blend/hyperpartisan-both-f7.yaml
textclf blend hyperpartisan-both-f7 experiments/finetuning/hyperpartisan-finetune-f7-s0 experiments/baseline/hyperpartisan-tfidf-f7
same_corpus experiments/blend/hyperpartisan-both-f7 696c0d17e1cbf8a2
fresh experiments/blend/hyperpartisan-both-f8 blend/hyperpartisan-both-f8.yaml
textclf blend hyperpartisan-both-f8 experiments/finetuning/hyperpartisan-finetune-f8-s0 experiments/baseline/hyperpartisan-tfidf-f8
same_corpus experiments/blend/hyperpartisan-both-f8 0c4a3416b627de4b
fresh experiments/blend/hyperpartisan-both-f9 blend/hyperpartisan-both-f9.yaml
textclf blend hyperpartisan-both-f9 experiments/finetuning/hyperpartisan-finetune-f9-s0 experiments/baseline/hyperpartisan-tfidf-f9
same_corpus experiments/blend/hyperpartisan-both-f9 0c8e4719358c0d08
textclf compare experiments/finetuning/hyperpartisan-finetune-f0-s0 experiments/finetuning/hyperpartisan-finetune-f1-s0 experiments/finetuning/hyperpartisan-finetune-f2-s0 experiments/finetuning/hyperpartisan-finetune-f3-s0 experiments/finetuning/hyperpartisan-finetune-f4-s0 experiments/finetuning/hyperpartisan-finetune-f5-s0 experiments/finetuning/hyperpartisan-finetune-f6-s0 experiments/finetuning/hyperpartisan-finetune-f7-s0 experiments/finetuning/hyperpartisan-finetune-f8-s0 experiments/finetuning/hyperpartisan-finetune-f9-s0 experiments/blend/hyperpartisan-both-f0 experiments/blend/hyperpartisan-both-f1 experiments/blend/hyperpartisan-both-f2 experiments/blend/hyperpartisan-both-f3 experiments/blend/hyperpartisan-both-f4 experiments/blend/hyperpartisan-both-f5 experiments/blend/hyperpartisan-both-f6 experiments/blend/hyperpartisan-both-f7 experiments/blend/hyperpartisan-both-f8 experiments/blend/hyperpartisan-both-f9 experiments/baseline/hyperpartisan-tfidf-f0 experiments/baseline/hyperpartisan-tfidf-f1 experiments/baseline/hyperpartisan-tfidf-f2 experiments/baseline/hyperpartisan-tfidf-f3 experiments/baseline/hyperpartisan-tfidf-f4 experiments/baseline/hyperpartisan-tfidf-f5 experiments/baseline/hyperpartisan-tfidf-f6 experiments/baseline/hyperpartisan-tfidf-f7 experiments/baseline/hyperpartisan-tfidf-f8 experiments/baseline/hyperpartisan-tfidf-f9 --prefix=hyperpartisan_