{{/* Stands in for the platform's library of this name, which takes its place: what this chart includes of it. */}}

{{- define "chaimeleon.library-url" -}}
harbor.chaimeleon-eu.i3m.upv.es/chaimeleon-library
{{- end }}

{{- define "chaimeleon.annotations" -}}
chaimeleon.eu/toolName: {{ .Chart.Name | quote }}
chaimeleon.eu/toolVersion: {{ .Chart.Version | quote }}
chaimeleon.eu/datasetsIDs: {{ .Values.datasets_list | quote }}
chaimeleon.eu/datasetsMountPoint: "/home/chaimeleon/datasets"
chaimeleon.eu/persistentHomeMountPoint: "/home/chaimeleon/persistent-home"
chaimeleon.eu/persistentSharedFolderMountPoint: "/home/chaimeleon/persistent-shared-folder"
chaimeleon.eu/createGuacamoleConnection: "true"
{{- end }}
