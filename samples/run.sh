#!/usr/bin/env bash
# The main job on a fresh machine: sets up what is missing (engine, base image, c3), compiles a sample, builds its
# image and runs it. Arguments go to the operator: `samples/run.sh --num_values 3`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v cargo >/dev/null || { echo 'c3 is built with Rust 1.92 or newer: see https://rustup.rs' >&2; exit 1; }
cargo build

# Ends the engines that this run has started, and no others.
mapfile -t running < <(tests/engines.sh started)
trap 'tests/engines.sh down --except "${running[@]}"' EXIT
tests/engines.sh up docker base

[ $# -gt 0 ] || set -- --num_values 5
folder=$(mktemp -d)
target/debug/c3 create-operator samples/example_script.py --version 0.1 --output-dir "$folder"
# The script reads `input_path` in any case; the last value that is given holds.
docker run --rm claimed-example-script:0.1 --input_path data "$@"
