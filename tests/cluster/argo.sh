# shellcheck shell=bash disable=SC2154
# Argo's workflow controller and executor, for `tests/engines.sh`, whose functions and variables it uses: `argo_up`. They are
# built once from the Go modules that `argo/go.mod` pins, and kept in the user's cache; the tests start and end them.

argo_modules=$root/tests/cluster/argo
argo_key=$(cat "$argo_modules"/go.{mod,sum} | sha256sum | cut -c1-16)
argo_cache=${XDG_CACHE_HOME:-$HOME/.cache}/c3-tests/argo-$argo_key

# The controller, the executor's image in the registry, and what they define in a cluster, beside those of Kubernetes.
argo_up() {
  argo_build || return
  mkdir -p "$state/kubernetes"
  ln -sfn "$argo_cache" "$state/kubernetes/argo"
  argo_image
}

# Builds them. The module lacks one file of the executor, `signal_linux.go`: that for macOS, which has the same calls, takes
# its place.
argo_build() {
  local go folder name=github.com/argoproj/argo-workflows/v4
  [ ! -x "$argo_cache/workflow-controller" ] || return 0
  mkdir -p "$argo_cache"
  go=$(go_program)
  say 'building argo'
  folder=$(mktemp -d)
  (
    cp "$argo_modules"/go.{mod,sum} "$folder" && cd "$folder" \
      && export CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off GOFLAGS='-buildvcs=false' \
      && "$go" mod vendor && cp vendor/$name/workflow/executor/osspecific/signal_{darwin,linux}.go || exit
    for program in argoexec workflow-controller; do
      nice -n 19 "$go" build -mod=vendor -trimpath -p "$(nproc)" -ldflags '-s -w' -o "$program" $name/cmd/$program || exit
    done
    rm -rf "$argo_cache/definitions"
    cp -r "$("$go" list -mod=mod -m -f '{{.Dir}}' $name)/manifests/base/crds/minimal" "$argo_cache/definitions" \
      && chmod -R u+w "$argo_cache/definitions" && rm "$argo_cache/definitions"/{README.md,kustomization.yaml} \
      && mv argoexec workflow-controller "$argo_cache"
  ) >>"$state/argo-build.log" 2>&1 || { tail -5 "$state/argo-build.log" >&2; rm -rf "$folder"; return 1; }
  rm -rf "$folder"
}

# The image of the executor, as Argo's own Dockerfile has it.
argo_image() {
  local image=127.0.0.1:5000/c3-test/argoexec:1
  tar --owner=8737 --group=8737 --transform 's,^,bin/,' -C "$argo_cache" -c argoexec \
    | docker import --change 'ENTRYPOINT ["argoexec"]' --change 'USER 8737' --change 'ENV PATH=/bin' - $image >/dev/null
  docker push --quiet $image >/dev/null
}
