"""What keeps pipelines from deleting an object with which something would go that cannot be made
again: a key, a ledger, or, with the CRD, every chain's resource.

Argo CD, Helm and Flux then leave it, whatever becomes of the file, the release or the Application.
"""

KEPT_BY_PIPELINES = {
    "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
    "helm.sh/resource-policy": "keep",
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
}
