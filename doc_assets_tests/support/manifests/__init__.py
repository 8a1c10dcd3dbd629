"""The manifests of ``k8s/``, rendered, and the rules that they are held to."""
