#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# image.sh ROOT TREE PYTHON STEPS USER COMMAND...: carries STEPS out as root, over a copy of this machine's files that
# takes every change, and then becomes COMMAND, run by USER there. TREE is its /srv/context, PYTHON its /opt/python.
set -eu
root=$1 tree=$2 python=$3 steps=$4 user=$5
shift 5

mount --make-rprivate /
mount -t tmpfs tmpfs "$root"
mkdir "$root/upper" "$root/work" "$root/all"
mount -t overlay overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" "$root/all"
cd "$root/all"
mount -t proc proc proc
mount -t tmpfs tmpfs tmp
mount -t tmpfs tmpfs dev
for each in null zero full random urandom; do
    touch "dev/$each"
    mount --bind "/dev/$each" "dev/$each"
done
mkdir dev/shm
mkdir -p srv/context opt/python
mount --bind "$tree" srv/context
mount -o remount,bind,ro srv/context
mount --bind "$python" opt/python
cp "$steps" steps.sh

inside="env -i HOME=/ PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LD_LIBRARY_PATH=/opt/python/lib"
$inside PYTHON="/opt/python/bin/$(basename "$(readlink -f "$python/bin/python3")")" chroot . sh -eu /steps.sh >&2
exec $inside PYTHONPATH="$(cat site)" chroot --userspec="$user" . "$@"
