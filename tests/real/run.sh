#!/bin/sh
# run.sh SCRIPT: runs one test with Node, or says why it cannot. What is missing skips the test (77); in CI it fails.
set -eu

missing() {
    echo "skip: $1"
    [ "${CI:-}" = true ] && exit 1
    exit 77
}

command -v node >/dev/null 2>&1 || missing 'node is not installed'
node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)' ||
    missing "node is older than 18: $(node --version)"
exec node "$@"
