"""The manifests of ``k8s/`` as files: rendered, valid, with the fewest rights."""
