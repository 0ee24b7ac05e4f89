#!/usr/bin/env bash
# c3 side by side with the original, `pip install claimed-c3`: whole processes, times, memory, image sizes.
# `benches/compare.sh` sets up what it needs and prints the ratios; `--quick` leaves the images out,
# `--sources FOLDER` compiles every source below a folder too, `--rounds N` builds each image N times (default 3). The engines stay up; `tests/engines.sh down` ends them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -E "$@"; fi; }

if ! command -v hyperfine >/dev/null || [ ! -x /usr/bin/time ] || ! command -v python3 >/dev/null; then
  as_root apt-get update -q >&2 || true
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    hyperfine time python3 python3-venv >&2
fi
if [ -z "${C3:-}" ]; then cargo build --quiet --release; fi
case " $* " in
  *' --quick '*) tests/engines.sh up original ;;
  *) tests/engines.sh up docker registry base original ;;
esac
exec python3 benches/compare.py "$@"
