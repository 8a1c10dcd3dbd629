"""The files in ``k8s/``, and all combinations of its overlays and components."""

from __future__ import annotations

from doc_assets_tests.support import ROOT

K8S = ROOT / "k8s"
# Applied alone, with kubectl apply -f.
PLAIN = sorted(K8S.glob("*.yaml"))
COMPONENTS = tuple(sorted(path.parent.name for path in K8S.glob("components/*/kustomization.yaml")))
# Changes what another component brings, and stands after it.
AFTER = {"serve-autoscaling": ("serve",)}
_GIVEN = ((), *((*AFTER.get(name, ()), name) for name in COMPONENTS))
# Each component on each overlay, and all together.
CONFIGURATIONS = (
    *(("local", *given) for given in _GIVEN),
    *(("production", *given) for given in _GIVEN),
    ("production", *COMPONENTS),
)
