#!/bin/sh
# run.sh [--firefox] TEST...: runs browser tests, which need Firefox ESR too, or not; installs the pinned playwright-core
# and puppeteer-core (no browsers: Debian's are used) when they are missing. Exits with 77, which ctest calls skipped,
# where node or a browser is not installed.
set -eu
cd "$(dirname "$0")"

programs='node npm chromium'
if [ "$1" = --firefox ]; then
  programs="$programs firefox-esr"
  shift
fi
for program in $programs; do
  if ! command -v "$program" >/dev/null; then
    echo "skipped: $program is not installed (apt-get install nodejs npm chromium firefox-esr)"
    exit 77
  fi
done
# npm writes this file last, so it tells that the folder is complete.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  npm ci --ignore-scripts --no-audit --no-fund
fi
exec node --test "$@"
