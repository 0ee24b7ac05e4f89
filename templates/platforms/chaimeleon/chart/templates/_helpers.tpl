{{/* Name of everything that one deployment has. */}}
{{- define "application.fullname" -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}
