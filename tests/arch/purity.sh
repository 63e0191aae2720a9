#!/bin/sh
# purity.sh TREE BUILD: a pure module references no clock, environment, stdio file, socket, descriptor or curses.
set -eu
tree=$1
build=$2
forbidden='^(time|clock|clock_gettime|gettimeofday|nanosleep|getenv|secure_getenv|setenv|fopen|fdopen|fclose|fread|fwrite|fputs|fputc|puts|putchar|printf|fprintf|vprintf|vfprintf|fflush|stdin|stdout|stderr|open|open64|openat|close|read|write|ioctl|poll|select|epoll_.*|socket|connect|bind|listen|accept|send|recv|getaddrinfo|pthread_.*|fork|execv.*|posix_spawn.*|kill|setlocale|wcwidth|wcswidth|rand|random|srand|getrandom|initscr|newterm|lws_.*|curl_.*|clock_mono_us|clock_wall_us|log_write|file_.*|ulid_make)$'
bad=0
seen=0
for module in $(awk -F '\t' '$2 == "yes" { print $1 }' "$tree/tests/arch/deps.tsv"); do
    lib="$build/libcr_$module.a"
    [ -f "$lib" ] || { echo "$lib is not there"; bad=1; continue; }
    seen=$((seen + 1))
    # glibc's fortified forms count as the plain ones
    found=$(nm --undefined-only --format=posix "$lib" 2>/dev/null | awk 'NF >= 2 && $2 == "U" { print $1 }' |
        sed -e 's/@.*//' -e 's/^__\(.*\)_chk$/\1/' | grep -E "$forbidden" | sort -u || true)
    if [ -n "$found" ]; then
        echo "$module is pure, but references: $(echo $found)"
        bad=1
    fi
done
[ "$seen" -ge 7 ] || { echo "only $seen pure modules were seen"; bad=1; }
exit $bad
