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

{{- define "consortium-operator.labels" -}}
{{ include "consortium-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
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
