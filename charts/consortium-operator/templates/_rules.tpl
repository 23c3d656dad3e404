{{/* What the operator may do. Where, is in rights.yaml. */}}

{{/* The chains, and public objects for the watches. No Secret is ever listed. */}}
{{- define "consortium-operator.watchRules" -}}
- apiGroups: [consortium.dev]
  resources: [consortiumchains]
  verbs: [get, list, watch]
- apiGroups: [consortium.dev]
  resources: [consortiumchains/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [configmaps, persistentvolumeclaims, pods, services]
  verbs: [list, watch]
- apiGroups: [apps]
  resources: [statefulsets]
  verbs: [list, watch]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [list, watch]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{/* Keys and volumes can be made, never overwritten or deleted; retained ConfigMaps are kept from
     deletion by retained-objects.yaml. Pods are only evicted, so that PodDisruptionBudgets hold for
     the operator too. */}}
{{- define "consortium-operator.chainRules" -}}
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create]
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, create, patch]
- apiGroups: [""]
  resources: [configmaps, services]
  verbs: [get, create, patch, update, delete]
- apiGroups: [apps]
  resources: [statefulsets]
  verbs: [get, create, patch, update, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, create, patch, update, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, create, patch, update, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [get]
- apiGroups: [""]
  resources: [pods/eviction]
  verbs: [create]
{{- end -}}
