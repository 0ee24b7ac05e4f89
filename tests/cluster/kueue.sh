# shellcheck shell=bash disable=SC2154
# Kueue's controller, for `tests/engines.sh`, whose functions and variables it uses: `kueue_up`. It is built once from the Go
# modules that `kueue/go.mod` pins, and kept in the user's cache; the tests start and end it.

kueue_modules=$root/tests/cluster/kueue
kueue_key=$(cat "$kueue_modules"/go.{mod,sum} | sha256sum | cut -c1-16)
kueue_cache=${XDG_CACHE_HOME:-$HOME/.cache}/c3-tests/kueue-$kueue_key

# The program, and what it defines in a cluster, beside those of Kubernetes.
kueue_up() {
  need openssl -- openssl
  kueue_build || return
  mkdir -p "$state/kubernetes"
  ln -sfn "$kueue_cache" "$state/kubernetes/kueue"
}

# Builds it; the definitions lie in its module.
kueue_build() {
  local go module
  [ ! -x "$kueue_cache/kueue" ] || return 0
  mkdir -p "$kueue_cache"
  go=$(go_program)
  say 'building kueue'
  (
    cd "$kueue_modules" && export CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off GOFLAGS='-mod=readonly -buildvcs=false'
    nice -n 19 "$go" build -trimpath -p "$(nproc)" -ldflags '-s -w' -o "$kueue_cache/kueue.part" sigs.k8s.io/kueue/cmd/kueue \
      && module=$("$go" list -m -f '{{.Dir}}' sigs.k8s.io/kueue) \
      && rm -rf "$kueue_cache/definitions" && cp -r "$module/config/components/crd/bases" "$kueue_cache/definitions" \
      && chmod -R u+w "$kueue_cache/definitions" && mv "$kueue_cache/kueue.part" "$kueue_cache/kueue"
  ) >>"$state/kueue-build.log" 2>&1 || { tail -5 "$state/kueue-build.log" >&2; return 1; }
}
