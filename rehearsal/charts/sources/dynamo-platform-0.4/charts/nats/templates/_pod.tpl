{{- /*
SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
SPDX-License-Identifier: Apache-2.0
*/ -}}
{{- define "nats.pod" -}}
{{- $name := include "nats.fullname" . -}}
{{- $store := .Values.config.jetstream.fileStore -}}
{{- $files := and .Values.config.jetstream.enabled $store.enabled -}}
{{- $claim := $store.pvc.name | default (printf "%s-js" $name) -}}
shareProcessNamespace: true
enableServiceLinks: false
terminationGracePeriodSeconds: 60
containers:
  - name: nats
    {{- include "nats.image" .Values.container.image | nindent 4 }}
    args: [--config, /etc/nats-config/nats.conf]
    env:
      - name: POD_NAME
        valueFrom:
          fieldRef:
            fieldPath: metadata.name
      - name: SERVER_NAME
        value: $(POD_NAME)
    ports:
      - name: nats
        containerPort: {{ .Values.config.nats.port }}
      {{- if .Values.config.monitor.enabled }}
      - name: monitor
        containerPort: {{ .Values.config.monitor.port }}
      {{- end }}
    lifecycle:
      preStop:
        exec:
          command: [nats-server, -sl=ldm=/var/run/nats/nats.pid]
    {{- if .Values.config.monitor.enabled }}
    startupProbe:
      httpGet:
        path: /healthz
        port: monitor
      initialDelaySeconds: 10
      timeoutSeconds: 5
      periodSeconds: 10
      successThreshold: 1
      failureThreshold: 90
    readinessProbe:
      httpGet:
        path: /healthz?js-server-only=true
        port: monitor
      initialDelaySeconds: 10
      timeoutSeconds: 5
      periodSeconds: 10
      successThreshold: 1
      failureThreshold: 3
    livenessProbe:
      httpGet:
        path: /healthz?js-enabled-only=true
        port: monitor
      initialDelaySeconds: 10
      timeoutSeconds: 5
      periodSeconds: 30
      successThreshold: 1
      failureThreshold: 3
    {{- end }}
    volumeMounts:
      - name: config
        mountPath: /etc/nats-config
      - name: pid
        mountPath: /var/run/nats
      {{- if $files }}
      - name: {{ $claim }}
        mountPath: {{ $store.dir }}
      {{- end }}
  {{- if .Values.reloader.enabled }}
  - name: reloader
    {{- include "nats.image" .Values.reloader.image | nindent 4 }}
    args: [-pid, /var/run/nats/nats.pid, -config, /etc/nats-config/nats.conf]
    volumeMounts:
      - name: pid
        mountPath: /var/run/nats
      - name: config
        mountPath: /etc/nats-config
  {{- end }}
volumes:
  - name: config
    configMap:
      name: {{ $name }}-config
  - name: pid
    emptyDir: {}
  {{- if and $files (not $store.pvc.enabled) }}
  - name: {{ $claim }}
    emptyDir: {}
  {{- end }}
{{- end -}}
