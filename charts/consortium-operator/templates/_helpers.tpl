{{/* Name of all objects. The release is meant to be called consortium-operator. */}}
{{- define "consortium-operator.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 45 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 45 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The label app.kubernetes.io/name is what the chains' NetworkPolicies know the operator by. */}}
{{- define "consortium-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* What the pod of `helm test` is known by: not the operator, or nodes would let it in. */}}
{{- define "consortium-operator.testLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Finds what `--reuse-values` does: it takes all values of the chart before, also where that had
     none. Wherever a value is read that is a map, and in all objects. */}}
{{- define "consortium-operator.checkValues" -}}
{{- if not (hasKey .Values "commonLabels") -}}
{{- fail "values of this chart have no default: helm upgrade with --reset-then-reuse-values instead of --reuse-values" -}}
{{- end -}}
{{- end -}}

{{- define "consortium-operator.commonLabels" -}}
{{- include "consortium-operator.checkValues" . -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "consortium-operator.labels" -}}
{{ include "consortium-operator.selectorLabels" . }}
{{ include "consortium-operator.commonLabels" . }}
{{- end -}}

{{/* The metadata of an object: `of` the chart, with a `name` and, where it has them, a `namespace` and
     `labels` of its own. */}}
{{- define "consortium-operator.metadata" -}}
name: {{ .name }}
{{- with .namespace }}
namespace: {{ . }}
{{- end }}
labels:
  {{- include "consortium-operator.labels" .of | fromYaml | merge (dict) (.labels | default dict) | toYaml | nindent 2 }}
{{- with .of.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "consortium-operator.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ printf "%s@%s" .repository .digest }}
{{- else -}}
{{ printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Where the operator answers to probes, and to Prometheus. */}}
{{- define "consortium-operator.port" -}}8080{{- end -}}

{{/* The user name by which the API server knows the operator. */}}
{{- define "consortium-operator.username" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "consortium-operator.fullname" . }}
{{- end -}}

{{- define "consortium-operator.subject" -}}
subjects:
  - kind: ServiceAccount
    name: {{ include "consortium-operator.fullname" . }}
    namespace: {{ .Release.Namespace }}
{{- end -}}

{{- define "consortium-operator.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "consortium-operator.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}
