#!/bin/sh
# rules_bite.sh TREE: the include rule finds what it is there to find.
set -eu
tree=$1
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir -p "$copy/tests/arch"
cp -r "$tree/src" "$tree/include" "$copy/"
cp "$tree/tests/arch/deps.tsv" "$copy/tests/arch/"
sh "$tree/tests/arch/includes.sh" "$copy" >/dev/null || { echo "the tree itself does not pass"; exit 1; }
must_fail() { # FILE LINE: with this line in this file, the rule must complain
    cp "$copy/$1" "$copy/saved"
    echo "$2" >>"$copy/$1"
    if sh "$tree/tests/arch/includes.sh" "$copy" >/dev/null; then
        echo "was let through: $2 in $1"
        exit 1
    fi
    cp "$copy/saved" "$copy/$1"
}
must_fail src/model/fleet.c '#include "checkrein/net.h"'
must_fail src/text/scan.c '#include <curses.h>'
must_fail include/checkrein/event.h '#include "checkrein/model.h"'
must_fail src/view/ui.c '#include <libwebsockets.h>'
must_fail src/codec/read.c '#include <curl/curl.h>'
