#!/usr/bin/env bash
# The main job on a fresh machine: sets up what is missing (engine, base image, c3), compiles a sample, builds its
# image and runs it. Arguments go to the operator: `samples/run.sh --num_values 3`. On a Kubernetes of one node, which takes
# a quarter of an hour to build, once: `samples/run.sh --on kubernetes`, with arguments such as `--value num_values=3`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v cargo >/dev/null || { echo 'c3 is built with Rust 1.92 or newer: see https://rustup.rs' >&2; exit 1; }
cargo build

# Ends the engines that this run has started, and no others.
mapfile -t running < <(tests/engines.sh started)
trap 'tests/engines.sh down --except "${running[@]}"' EXIT

# The job as a cluster runs it: the image comes from a registry, the log from the pod.
on_kubernetes() {
  tests/engines.sh up docker base kubernetes
  local home=${C3_ENGINES:-target/engines}/kubernetes job
  kubectl() { "$home/kubectl" --kubeconfig "$home/admin.conf" "$@"; }
  target/debug/c3 create-operator samples/example_script.py --repository 127.0.0.1:5000/c3-samples --version 0.1 \
    --output-dir "$folder" --generate-name --value input_path=data "$@"
  job=$(kubectl create --output name --filename "$folder/example_script.job.yaml")
  kubectl wait --for condition=Complete --timeout 300s "$job"
  kubectl logs "$job"
}

on_docker() {
  tests/engines.sh up docker base
  [ $# -gt 0 ] || set -- --num_values 5
  target/debug/c3 create-operator samples/example_script.py --version 0.1 --output-dir "$folder"
  # The script reads `input_path` in any case; the last value that is given holds.
  docker run --rm claimed-example-script:0.1 --input_path data "$@"
}

folder=$(mktemp -d)
if [ "${1:-} ${2:-}" = '--on kubernetes' ]; then
  shift 2
  on_kubernetes "$@"
else
  on_docker "$@"
fi
