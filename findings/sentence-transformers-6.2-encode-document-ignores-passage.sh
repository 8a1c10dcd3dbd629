#!/usr/bin/env bash
# sentence-transformers 6.2.0: encode_document() is documented to use the first prompt that the model has of "document",
# "passage" and "corpus". Of a saved model with the prompts "query" and "passage" it uses none: loading adds an empty
# "document" to model.prompts, which is then the first. encode_query() does use "query", so one index holds documents
# without their prompt beside queries with theirs, and nothing is logged. default_prompt_name "passage" does not help
# either. encode(prompt_name="passage") applies it.
#
# Guess: encode_document() of a model that states {"query": "query: ", "passage": "passage: "}, as models of the e5 and
# nomic families are used, puts "passage: " before each text.
# Seen on 2026-11-29 with Python 3.11: the four lines in EXPECTED below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/embed.py" <<'PY'
import sys
import warnings

warnings.simplefilter("ignore")
import numpy as np
import sentence_transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer, models, pre_tokenizers

words = {word: i for i, word in enumerate(["?", "passage", "query", ":", "a", "page"])}
tokenizer = Tokenizer(models.WordLevel(words, unk_token="?"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
weights = np.random.default_rng(0).normal(size=(len(words), 8)).astype(np.float32)
made = SentenceTransformer(
    modules=[StaticEmbedding(tokenizer, embedding_weights=weights)],
    prompts={"query": "query: ", "passage": "passage: "},
    default_prompt_name="passage",
    device="cpu",
)
made.save(sys.argv[1], create_model_card=False)
model = SentenceTransformer(sys.argv[1], device="cpu", local_files_only=True)


def which(vector):
    plain = {text: model.encode(text, prompt="") for text in ("a page", "passage: a page", "query: a page")}
    return [text for text, known in plain.items() if np.allclose(vector, known)]


print(sentence_transformers.__version__, sorted(model.prompts.items()))
print("encode_query reads", which(model.encode_query("a page")))
print("encode_document reads", which(model.encode_document("a page")))
print("encode(prompt_name='passage') reads", which(model.encode("a page", prompt_name="passage")))
PY
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sentence-transformers==6.2.0 2>> "$folder/pip.log" ||
    { cat "$folder/pip.log" >&2; exit 1; }
"$folder/venv/bin/python" "$folder/embed.py" "$folder/model" 2>> "$folder/log" | tee "$folder/seen" ||
    { cat "$folder/log" >&2; exit 1; }
diff - "$folder/seen" <<'EXPECTED'
6.2.0 [('document', ''), ('passage', 'passage: '), ('query', 'query: ')]
encode_query reads ['query: a page']
encode_document reads ['a page']
encode(prompt_name='passage') reads ['passage: a page']
EXPECTED
