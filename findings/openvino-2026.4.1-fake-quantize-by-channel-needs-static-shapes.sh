#!/usr/bin/env bash
# openvino 2026.4.1, CPU plug-in: a FakeQuantize with a range for each channel of the last axis compiles in a model
# whose shapes are static and is refused in the same model with dynamic rows and columns, although the number of
# channels is static in both: "doesn't support non per-tensor quantization for axis: 2". Ranges for each index of axis 1
# compile with a dynamic shape as well, where not even the number of ranges can be checked.
#
# Guess: ranges that broadcast to (1, 1, channels) compile wherever the number of channels is known.
# Seen on 2026-11-30 with Python 3.11 on a CPU with AVX2: the lines in EXPECTED below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/quantize.py" <<'PY'
import numpy as np
import openvino
from openvino import opset13 as operations


def model(shape, axis):
    values = operations.parameter(shape, np.float32)
    per_index = [1, 1, 1]
    per_index[axis] = (2, 4, 8)[axis]
    low = np.full(per_index, -1, np.float32)
    high = np.full(per_index, 1, np.float32)
    return openvino.Model([operations.fake_quantize(values, low, high, low, high, 256)], [values])


print("version", openvino.__version__.split("-")[0])
for name, shape in (("static", [2, 4, 8]), ("dynamic", [-1, -1, 8])):
    for axis in (1, 2):
        try:
            compiled = openvino.compile_model(model(shape, axis), "CPU")
            result = str(compiled(np.ones((2, 4, 8), np.float32))[0].shape)
        except RuntimeError as error:
            result = str(error).partition("doesn't support")[1:][1].strip().partition("\n")[0]
            result = "refused: doesn't support " + result
        print(name, "axis", axis, result)
PY
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openvino==2026.4.1 2>> "$folder/pip.log" ||
    { cat "$folder/pip.log" >&2; exit 1; }
"$folder/venv/bin/python" "$folder/quantize.py" 2> "$folder/errors" | tee "$folder/seen" ||
    { cat "$folder/errors" >&2; exit 1; }
diff - "$folder/seen" <<'EXPECTED'
version 2026.4.1
static axis 1 (2, 4, 8)
static axis 2 (2, 4, 8)
dynamic axis 1 (2, 4, 8)
dynamic axis 2 refused: doesn't support non per-tensor quantization for axis: 2
EXPECTED
