"""The files in ``k8s/``, and all combinations of its overlays and components."""

from __future__ import annotations

from doc_assets_tests.support import ROOT

K8S = ROOT / "k8s"
# Applied alone, with kubectl apply -f.
PLAIN = sorted(K8S.glob("*.yaml"))
COMPONENTS = tuple(sorted(path.parent.name for path in K8S.glob("components/*/kustomization.yaml")))
# Each component on each overlay, and all together.
CONFIGURATIONS = (
    *(("local", *given) for given in ((), *((name,) for name in COMPONENTS))),
    *(("production", *given) for given in ((), *((name,) for name in COMPONENTS))),
    ("production", *COMPONENTS),
)
