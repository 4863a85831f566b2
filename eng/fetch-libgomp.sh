#!/bin/sh
# fetch-libgomp.sh FILE: puts the GNU OpenMP runtime (libgomp.so.1, x86-64) at FILE.
# The system's own copy is taken where there is one; else the package libgomp1 is downloaded with apt in private folders and unpacked:
# nothing is installed and no root is needed.
set -eu
out=$1
mkdir -p "$(dirname "$out")"

for folder in /usr/lib/x86_64-linux-gnu /lib/x86_64-linux-gnu /usr/lib64 /lib64 /usr/lib; do
    if [ -e "$folder/libgomp.so.1" ]; then
        cp -L "$folder/libgomp.so.1" "$out.part"
        mv "$out.part" "$out"
        exit 0
    fi
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    echo "error: libgomp.so.1 is not on this system and there is no apt-get to fetch it with: install the package libgomp1." >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/root"
options="-o Dir::State::Lists=$work/lists -o Dir::Cache=$work/cache -o Acquire::Languages=none -o APT::Architecture=amd64"
options="$options -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Acquire::Retries=2"
if ! (apt-get $options -qq update && cd "$work" && apt-get $options -qq download libgomp1) >"$work/log" 2>&1; then
    tail -n 3 "$work/log" >&2
    echo "error: the package libgomp1 could not be downloaded: install it, or look at apt's sources." >&2
    exit 1
fi
dpkg-deb -x "$work"/libgomp1_*.deb "$work/root"
cp -L "$(find "$work/root" -name libgomp.so.1 | head -n 1)" "$out.part"
mv "$out.part" "$out"
