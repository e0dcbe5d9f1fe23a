{{- /*
SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
SPDX-License-Identifier: Apache-2.0
*/ -}}
{{- define "etcd.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "etcd.selectorLabels" -}}
app.kubernetes.io/name: etcd
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "etcd.labels" -}}
{{ include "etcd.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{/* <registry>/<repository>:<tag>; refused when it is not Bitnami's own and nobody said that this is meant */}}
{{- define "etcd.image" -}}
{{- $registry := (.Values.global | default dict).imageRegistry | default .Values.image.registry -}}
{{- $image := printf "%s/%s%s" $registry .Values.image.repository (ternary (printf "@%s" .Values.image.digest) (printf ":%s" .Values.image.tag) (ne .Values.image.digest "")) -}}
{{- $insecure := ((.Values.global | default dict).security | default dict).allowInsecureImages -}}
{{- if and (not $insecure) (or (ne $registry "docker.io") (not (hasPrefix "bitnami/" .Values.image.repository))) -}}
{{- fail (printf "ERROR: Original containers have been substituted for unrecognized ones. Deploying this chart with non-standard containers is likely to cause degraded security and performance, broken chart features, and missing environment variables.\n\nUnrecognized images:\n  - %s\n\nIf you are sure you want to proceed with non-standard containers, you can skip container image verification by setting the global parameter 'global.security.allowInsecureImages' to true." $image) -}}
{{- end -}}
{{- $image -}}
{{- end -}}

{{- define "etcd.environment" -}}
- name: MY_POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: MY_STS_NAME
  value: {{ include "etcd.fullname" . }}
- name: ETCDCTL_API
  value: "3"
- name: ETCD_ON_K8S
  value: "yes"
- name: ETCD_NAME
  value: $(MY_POD_NAME)
- name: ETCD_DATA_DIR
  value: /bitnami/etcd/data
- name: ALLOW_NONE_AUTHENTICATION
  value: "yes"
{{- end -}}
