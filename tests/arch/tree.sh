#!/bin/sh
# tree.sh TREE: the top level is what it is said to be, files stay small, nothing is left behind.
set -eu
cd "$1"
bad=0
want='CMakeLists.txt LICENSE README.md build docs include screenshots src tests themes'
for name in *; do
    case " $want " in
    *" $name "*) ;;
    build-*) ;;
    *) echo "not in the top level: $name"; bad=1 ;;
    esac
done
for file in $(find src include -name '*.[ch]' ! -name '*_table.h'); do
    lines=$(wc -l <"$file")
    [ "$lines" -le 800 ] || { echo "$file: $lines lines, 800 at most"; bad=1; }
done
left=$(grep -rnE '(/\*|//|#|^ \*).*\b(TODO|FIXME|XXX|HACK)\b' src include tests --include='*.[ch]' --include='*.sh' --include='*.mjs' |
    grep -v 'tests/arch/tree.sh' || true)
[ -z "$left" ] || { echo "left behind:"; echo "$left"; bad=1; }
exit $bad
