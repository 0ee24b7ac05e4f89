#!/usr/bin/env bash
# Every test there is, with real engines, on a bare Debian machine with Rust and Python: `tests/all.sh`. With `--full` also
# those that need a Kubernetes, Kueue and Argo, which take three quarters of an hour to build, once.
# What fails doesn't keep the rest from being run, as far as that is possible. Ends with 1 if anything has failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The program that the tests without engines have built already: a release build takes as long as all of them.
export C3=${CARGO_TARGET_DIR:-$PWD/target}/debug/c3
export C3_ENGINES=${C3_ENGINES:-$PWD/target/engines}
failed=()

case ${1:-} in
  '' | --full) full=${1:-} ;;
  *) echo 'usage: tests/all.sh [--full]' >&2; exit 2 ;;
esac

# Runs one part of the tests and passes its success on: `section NAME COMMAND...`.
section() {
  local name=$1 begun=$SECONDS result=passed
  shift
  printf '\n=== %s\n' "$name"
  "$@" || { result=FAILED; failed+=("$name"); }
  printf '=== %s: %s in %d s\n' "$name" $result $((SECONDS - begun))
  [ $result = passed ]
}

# Tells what has failed and ends.
finish() {
  printf '\n'
  [ ${#failed[@]} = 0 ] && { echo '=== everything passed'; exit 0; }
  printf '=== FAILED: %s\n' "${failed[@]}"
  exit 1
}

# Ends the engines that this run has started, and no others.
mapfile -t running < <(tests/engines.sh started)
scratch=$(mktemp --directory)
trap '[ -z "$(jobs -p)" ] || { kill -- -$! 2>/dev/null && wait; }; rm -rf "$scratch"; tests/engines.sh down --except "${running[@]}"' EXIT

# Tests that share nothing but the processors.
parallel_tests() { python_tests -n "$(nproc)" "$@"; }

python_tests() { "$C3_ENGINES/tools/bin/python" -m pytest -o cache_dir="$scratch/${*: -1}" -q --durations=5 "$@"; }

# Tests that share the engines as well, a file each. What fails beside others is run again, alone: what passes then hung on
# the load of the machine, and is told as such.
shared_tests() {
  local result=0
  parallel_tests --dist loadfile "$@" || result=$?
  [ $result = 1 ] || return $result # 1: tests have failed, and all were run
  printf '\n--- what failed, alone\n'
  python_tests --last-failed --last-failed-no-failures none "$@" || return
  printf '\n--- FLAKY, failed beside others: see the failures above\n'
}

# Starts a part beside those that follow: `beside COMMAND...`; `joined` waits for it and shows what it has printed.
beside() {
  aside=$scratch/beside
  set -m # without job control it would be deaf to Ctrl-C
  "$@" > "$aside" 2>&1 &
  set +m
}

joined() {
  local result=0
  wait $! || result=$?
  cat "$aside"
  return $result
}

# What engines need is downloaded while the compiler works.
beside tests/engines.sh up docker registry base tools workflows wheel deny original podman r cran s3 bookworm slurm browser
section 'format' cargo fmt --check
section 'lints' cargo clippy --all-targets --quiet -- -D warnings
section 'documentation of the library' env RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --quiet
section 'tests without engines' cargo test --quiet
section 'set-up, beside these' joined || finish
[ -x "$C3" ] || finish
section 'dependencies' tests/deny.sh
section 'installing' python_tests tests/install
section 'prelude' parallel_tests tests/prelude
section 'prelude of R' parallel_tests tests/prelude_r
section 'reading' parallel_tests tests/oracle
section 'reading R' parallel_tests tests/oracle_r
section 'hooks' python_tests tests/pre_commit
section 'CI' parallel_tests tests/ci
section 'pages' parallel_tests tests/pages
# Workers of grids wait most of the time, and need no container engine.
beside python_tests tests/grid
section 'chaos' shared_tests tests/chaos
# Files of tests share the engines; the tests of a file take turns.
section 'engines' shared_tests tests/engines
section 'grid, beside these' joined
if [ -n "$full" ]; then
  section 'Kubernetes, set-up' tests/engines.sh up kubernetes kueue argo && section 'Kubernetes' python_tests tests/cluster
fi
finish
