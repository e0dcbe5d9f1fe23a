{{- /*
SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
SPDX-License-Identifier: Apache-2.0
*/ -}}
{{- define "argo-cd.selector" -}}
app.kubernetes.io/name: argocd-{{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{- define "argo-cd.labels" -}}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{ include "argo-cd.selector" . }}
app.kubernetes.io/component: {{ .name }}
app.kubernetes.io/part-of: argocd
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Values.global.image.tag | default .root.Chart.AppVersion | quote }}
{{- end -}}

{{- define "argo-cd.image" -}}
{{ .Values.global.image.repository }}:{{ .Values.global.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* A variable of a part, from the ConfigMap that all of them read */}}
{{- define "argo-cd.parameter" -}}
- name: {{ .variable }}
  valueFrom:
    configMapKeyRef: {name: argocd-cmd-params-cm, key: {{ .key }}, optional: true}
{{- end -}}

{{- define "argo-cd.redis" -}}
{{ include "argo-cd.parameter" (dict "variable" "REDIS_SERVER" "key" "redis.server") }}
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef: {name: argocd-redis, key: auth, optional: {{ not .Values.redisSecretInit.enabled }}}
{{- end -}}
