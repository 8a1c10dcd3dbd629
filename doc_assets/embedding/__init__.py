"""From text to vectors: the model's tokenizer, the embedding space, and the backends that compute vectors.

``opening`` opens the configured model. A process that only parses and chunks needs ``tokenizer`` alone, which loads no
model library and no NumPy. Finding chunks without a vector and storing vectors is in ``doc_assets.store``.
"""

import sys

# OpenVINO reports each import and conversion to its makers' server, unless this package of theirs is missing.
sys.modules["openvino_telemetry"] = None  # pyrefly: ignore[unsupported-operation]
