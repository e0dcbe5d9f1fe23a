{{- /*
SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
SPDX-License-Identifier: Apache-2.0
*/ -}}
{{- define "kps.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 26 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 26 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 26 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "kps.labels" -}}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.Version | quote }}
app.kubernetes.io/part-of: {{ .Chart.Name }}
chart: {{ .Chart.Name }}-{{ .Chart.Version }}
release: {{ .Release.Name | quote }}
heritage: {{ .Release.Service | quote }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Select objects of this release, or all of them: (root, prefix of the keys) */}}
{{- define "kps.selectors" -}}
{{- $spec := .Values.prometheus.prometheusSpec }}
{{- range $kind := list "podMonitor" "serviceMonitor" "probe" "rule" "scrapeConfig" }}
{{ $kind }}NamespaceSelector: {{ index $spec (printf "%sNamespaceSelector" $kind) | toJson }}
{{- $given := index $spec (printf "%sSelector" $kind) }}
{{- if $given }}
{{ $kind }}Selector: {{ $given | toJson }}
{{- else if index $spec (printf "%sSelectorNilUsesHelmValues" $kind) }}
{{ $kind }}Selector:
  matchLabels:
    release: {{ $.Release.Name | quote }}
{{- else }}
{{ $kind }}Selector: {}
{{- end }}
{{- end }}
{{- end -}}

{{- define "kps.placement" -}}
{{- with .nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- with .affinity }}
affinity: {{ toJson . }}
{{- end }}
{{- end -}}
