"""The backends: OpenVINO on CPUs, PyTorch on CPUs and GPUs, or a model behind an HTTP endpoint."""
