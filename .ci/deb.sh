#!/bin/sh
# Build the Debian package in build/, for this machine or another one.
# Usage: deb.sh PYTHON [DIST [ARCH]]: the Python of an environment with the locked packages, DIST from debian/targets,
# ARCH arm64 or amd64
set -eu

PATH=/usr/sbin:/usr/bin:/sbin:/bin # a Python that somebody has installed is not the distribution's
export PATH LC_ALL=C.UTF-8

python=$(realpath -s "$1")
dist=${2:-}
[ -n "$dist" ] || dist=$(sed -n "s/^VERSION_CODENAME=//p" /etc/os-release)
arch=${3:-$(dpkg --print-architecture)}
build=$(realpath -m "${BUILD:-build}")
# shellcheck disable=SC2046  # a row of the table: words
set -- $(grep "^$dist " debian/targets) ''
if [ $# -ne 6 ] || { [ "$arch" != arm64 ] && [ "$arch" != amd64 ]; }; then
    dists=$(awk '/^[^#]/ { printf "%s%s", between, $1; between = " or " }' debian/targets)
    echo "There is no package for DIST=$dist ARCH=$arch: make deb DIST=$dists, ARCH=arm64 or amd64." >&2
    exit 2
fi
bundle=$build/bundle/$dist-$arch
work=$build/work/$dist-$arch

mkdir -p "$build/bundle" "$build/work"
"$python" -B .ci/bundle.py requirements.lock "$3" "$4" "$arch" "$bundle"

rm -rf "$work"
mkdir "$work"
cp -a bin ctvpipe debian etc systemd "$work"
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -STimestamp) "$python" -B -m ctvpipe.manual "$work/manual"
"$python" -B .ci/copyright.py "$bundle" >>"$work/debian/copyright"
(
    cd "$work"
    export BUNDLE="$bundle" DIST="$dist" DH_QUIET=1
    dpkg-architecture --host-arch "$arch" --force --command debian/rules binary
) >"$work.log" 2>&1 || {
    cat "$work.log" >&2
    exit 1
}
package=$(cd "$build/work" && echo ctvpipe_*_"$arch".deb)
mv "$build/work/$package" "$build/"
rm -rf "$work" "$work.log"
echo "$build/$package"
