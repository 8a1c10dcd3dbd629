"""From text to vectors: the model's tokenizer, the space its vectors live in, and the backends that compute them.

``opening`` opens what the settings name. A process that only parses and chunks needs ``tokenizer`` alone: it loads no
model library and no NumPy. Which chunks lack a vector, and where vectors are kept, is decided in ``doc_assets.store``.
"""

import sys

# OpenVINO reports each import and conversion to a server of its makers, unless this package of theirs is missing.
sys.modules["openvino_telemetry"] = None  # pyright: ignore[reportArgumentType]
