#!/bin/sh
# Install Debian packages that are missing, where root and apt allow; say so elsewhere.
missing=""
for package in "$@"; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    if apt-get -qq update && apt-get -qq install -y --no-install-recommends $missing >/dev/null; then
        exit 0
    fi
fi
echo "not installed:$missing; tests that need them are skipped" >&2
