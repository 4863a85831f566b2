#!/bin/sh
# fetch-debian.sh SUITE FOLDER PACKAGE...: unpacks Debian packages of a suite (bookworm, sid) below FOLDER, beside the system.
# apt works in private folders, so nothing is installed and no root is needed. The mirror is the one that the system's own apt uses.
set -eu
suite=$1 folder=$2
shift 2
fail() { echo "fetch-debian: $1" >&2; exit 1; }
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || fail "there is no apt-get or no dpkg-deb on this system"

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || fail "$keyring is missing: install debian-archive-keyring"
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null \
    | sed -nE 's#^(URIs: *|deb +(\[[^]]*\] +)?)(https?:[^ ]+/debian)/?( .*)?$#\3#p' | head -n 1)
[ -n "$mirror" ] || fail "apt's sources name no Debian mirror"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/etc" "$work/packages" "$folder"
: >"$work/status"
echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/etc/sources.list"

# A mirror may lag behind: an index that has just expired still is signed.
apt() {
    apt-get -q -o Dir::State::Lists="$work/lists" -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" \
        -o Dir::Etc::SourceList="$work/etc/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
        -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none -o Acquire::Retries=3 \
        -o APT::Architecture=amd64 -o APT::Sandbox::User= -o Debug::NoLocking=1 "$@"
}
if ! (apt update && cd "$work/packages" && apt download "$@") >"$work/log" 2>&1; then
    tail -n 5 "$work/log" >&2
    fail "could not download $* of $suite"
fi
for package in "$work"/packages/*.deb; do
    dpkg-deb -x "$package" "$folder"
done
