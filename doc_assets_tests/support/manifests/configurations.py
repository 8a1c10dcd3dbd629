"""The files in ``k8s/``, and every way to put its overlays and components together."""

from __future__ import annotations

from doc_assets_tests.support import ROOT

K8S = ROOT / "k8s"
# Used alone, with kubectl apply -f.
PLAIN = sorted(K8S.glob("*.yaml"))
COMPONENTS = tuple(sorted(path.parent.name for path in K8S.glob("components/*/kustomization.yaml")))
# Each component on each overlay, and all that go together.
CONFIGURATIONS = (
    *(("local", *given) for given in ((), *((name,) for name in COMPONENTS))),
    *(("production", *given) for given in ((), *((name,) for name in COMPONENTS))),
    ("production", *COMPONENTS),
)
