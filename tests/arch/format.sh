#!/bin/sh
# format.sh SOURCE: every C file is as clang-format 14 leaves it. Other versions lay the same rules out in other ways.
set -eu
cd "$1"
if ! clang-format --version 2>/dev/null | grep -q ' 14\.'; then
    echo "skip: clang-format 14 is not here"
    exit 77
fi
find include src tests -name '*.[ch]' -print0 | xargs -0 -n 40 clang-format --dry-run -Werror
