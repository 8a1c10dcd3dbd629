"""What ``k8s/`` deploys, run on this machine against the API server of ``support.apiserver``."""
