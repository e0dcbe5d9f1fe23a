{{- /*
SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
SPDX-License-Identifier: Apache-2.0
*/ -}}
{{- define "nats.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* of (context, component) */}}
{{- define "nats.selectorLabels" -}}
{{- $context := index . 0 -}}
app.kubernetes.io/component: {{ index . 1 }}
app.kubernetes.io/instance: {{ $context.Release.Name }}
app.kubernetes.io/name: nats
{{- end -}}

{{- define "nats.labels" -}}
{{- $context := index . 0 -}}
{{ include "nats.selectorLabels" . }}
app.kubernetes.io/managed-by: {{ $context.Release.Service }}
app.kubernetes.io/version: {{ $context.Chart.AppVersion | quote }}
helm.sh/chart: {{ $context.Chart.Name }}-{{ $context.Chart.Version }}
{{- end -}}

{{/* image and imagePullPolicy of a container */}}
{{- define "nats.image" -}}
image: {{ with .registry }}{{ . }}/{{ end }}{{ .repository }}:{{ .tag }}
{{- with .pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- end -}}

{{- define "nats.config" -}}
{{- $jetstream := .Values.config.jetstream -}}
{{- $config := dict
  "lame_duck_duration" "30s"
  "lame_duck_grace_period" "10s"
  "pid_file" "/var/run/nats/nats.pid"
  "port" .Values.config.nats.port
  "server_name" "$SERVER_NAME" -}}
{{- if .Values.config.monitor.enabled -}}
{{- $_ := set $config "http_port" .Values.config.monitor.port -}}
{{- end -}}
{{- if $jetstream.enabled -}}
{{- $store := dict "max_memory_store" (ternary $jetstream.memoryStore.maxSize 0 $jetstream.memoryStore.enabled) -}}
{{- if $jetstream.fileStore.enabled -}}
{{- $_ := set $store "max_file_store" ($jetstream.fileStore.maxSize | default $jetstream.fileStore.pvc.size) -}}
{{- $_ := set $store "store_dir" $jetstream.fileStore.dir -}}
{{- end -}}
{{- $_ := set $config "jetstream" (mustMergeOverwrite $store $jetstream.merge) -}}
{{- end -}}
{{- /* sizes and the name from the environment stand without quotes in a NATS configuration */ -}}
{{- $text := mustMergeOverwrite $config .Values.config.merge | toPrettyJson | replace "\"$SERVER_NAME\"" "$SERVER_NAME" -}}
{{- mustRegexReplaceAll "\"([0-9]+[KMGT]i)\"" $text "${1}" -}}
{{- end -}}
