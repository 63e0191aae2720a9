#!/bin/sh
# includes.sh TREE: every #include of src/ and include/ against tests/arch/deps.tsv.
#  - a module includes only the faces of the modules that its row names, and its own files;
#  - only the module whose row names a system package includes that package's headers.
set -eu
tree=$1
cd "$tree"
find src include -name '*.[ch]' | LC_ALL=C sort | xargs awk -v deps=tests/arch/deps.tsv '
    BEGIN {
        FS = "\t"
        while ((getline line < deps) > 0) {
            if (line ~ /^#/) continue
            split(line, col, "\t")
            module[col[1]] = 1
            n = split(col[3], need, " ")
            for (i = 1; i <= n; i++) allowed[col[1], need[i]] = 1
            n = split(col[4], need, " ")
            for (i = 1; i <= n; i++) package[col[1], need[i]] = 1
        }
        header["jansson.h"] = "jansson"; header["curses.h"] = "ncursesw"; header["ncurses.h"] = "ncursesw"
        header["libwebsockets.h"] = "libwebsockets"; header["curl/curl.h"] = "libcurl"
        header["openssl/ssl.h"] = "libssl"
        header["iniparser.h"] = "iniparser"; header["dictionary.h"] = "iniparser"; header["term.h"] = "ncursesw"
        base_faces = " status alloc span buf map pool num clock log ulid file utf8 base64 wiping banned "
    }
    function owner_of_face(face) {
        sub(/^checkrein\//, "", face); sub(/\.h$/, "", face)
        return index(base_faces, " " face " ") ? "base" : face
    }
    FNR == 1 {
        own = FILENAME
        if (own ~ /^include\//) { sub(/^include\//, "", own); own = owner_of_face(own) }
        else { sub(/^src\//, "", own); sub(/\/.*/, "", own) }
        if (!(own in module)) { print FILENAME ": no such module in deps.tsv: " own; bad = 1 }
    }
    /^#[ \t]*include/ {
        name = $0
        sub(/^#[ \t]*include[ \t]*[<"]/, "", name); sub(/[>"].*/, "", name)
        checked++
        if (name ~ /^checkrein\//) {
            to = owner_of_face(name)
            if (to != own && !((own, to) in allowed)) {
                print FILENAME ":" FNR ": " own " may not include " to; bad = 1
            }
        } else {
            what = name in header ? header[name] : name ~ /^openssl\// ? "libcrypto" : name ~ /^sqlite/ ? "sqlite3" : name == "zlib.h" ? "zlib" : ""
            if (what != "" && !((own, what) in package)) {
                print FILENAME ":" FNR ": " own " may not use " what; bad = 1
            }
            if (name ~ /\.\.\/\.\.\/[a-z]+\// ) { print FILENAME ":" FNR ": reaches into another module"; bad = 1 }
        }
    }
    END {
        if (checked < 100) { print "only " checked + 0 " includes were seen"; bad = 1 }
        exit bad
    }'
