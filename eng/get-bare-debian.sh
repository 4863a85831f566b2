#!/bin/sh
# get-bare-debian.sh FOLDER: the smallest Debian 12 in a folder, to try the published program on a system that has nothing installed.
# Needs root and debootstrap.
set -eu
[ ! -e "$1/complete" ] || exit 0
fail() { echo "get-bare-debian: $1" >&2; exit 1; }
PATH=$PATH:/usr/sbin:/sbin
command -v debootstrap >/dev/null || fail "debootstrap is not installed"
[ "$(id -u)" = 0 ] || fail "only root may make a system"
rm -rf "$1.part"
mkdir -p "$1.part"
if ! debootstrap --variant=minbase bookworm "$1.part" >"$1.log" 2>&1; then
    tail -n 3 "$1.log" >&2
    fail "debootstrap failed"
fi
rm -rf "$1.part"/var/cache/apt "$1.part"/var/lib/apt/lists
touch "$1.part/complete"
rm -rf "$1"
mv "$1.part" "$1"
