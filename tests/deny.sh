#!/usr/bin/env bash
# Checks the crates in Cargo.lock against deny.toml: licences, bans, sources, and advisories where their database can be
# reached. `tests/engines.sh up deny` installs cargo-deny.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

deny=("${C3_ENGINES:-$PWD/target/engines}/deny/bin/cargo-deny" --locked)

"${deny[@]}" check --hide-inclusion-graph licenses bans sources
if reason=$(GIT_TERMINAL_PROMPT=0 timeout 120 "${deny[@]}" fetch db 2>&1); then
  "${deny[@]}" check --disable-fetch advisories
else
  printf '%s\nadvisories NOT CHECKED: failed to fetch their database\n' "$reason"
fi
