#!/bin/sh
# run.sh TEST...: runs browser tests; installs the pinned playwright-core (no browser: Debian's Chromium is used) when
# it is missing. Exits with 77, which ctest calls skipped, where node or chromium is not installed.
set -eu
cd "$(dirname "$0")"

for program in node npm chromium; do
  if ! command -v "$program" >/dev/null; then
    echo "skipped: $program is not installed (apt-get install nodejs npm chromium)"
    exit 77
  fi
done
# npm writes this file last, so it tells that the folder is complete.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  npm ci --ignore-scripts --no-audit --no-fund
fi
exec node --test "$@"
