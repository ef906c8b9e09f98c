#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# boot.sh ROOT HOME TREE PYTHON UNIT: starts systemd as the first process of namespaces of its own, over a copy of this
# machine's files that takes every change, with nothing to start but UNIT. HOME is its /srv/goodoffices, TREE and PYTHON
# are its /opt/goodoffices and /opt/python. Nothing of this machine's own /dev, /sys and settings can be changed.
set -eu
root=$1 home=$2 tree=$3 python=$4 unit=$5

mount --make-rprivate /
mount -t tmpfs tmpfs "$root"
mkdir "$root/upper" "$root/work" "$root/all"
mount -t overlay overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" "$root/all"
cd "$root/all"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t tmpfs tmpfs dev
for each in null zero full random urandom tty; do
    touch "dev/$each"
    mount --bind "/dev/$each" "dev/$each"
done
ln -s /proc/self/fd dev/fd
ln -s pts/ptmx dev/ptmx
mkdir dev/shm dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs tmpfs sys/fs/cgroup
mkdir sys/fs/cgroup/systemd sys/fs/cgroup/unified
if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
    umount sys/fs/cgroup
    mount -t cgroup2 cgroup2 sys/fs/cgroup
else
    mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
    mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
fi

# Of what this machine starts, nothing: neither by /etc nor by what its packages want at each start.
mount -t tmpfs tmpfs etc/systemd/system
for each in usr/lib/systemd/system/*.wants; do
    mount -t tmpfs tmpfs "$each"
done
mkdir -p srv/goodoffices opt/goodoffices opt/python
mount --bind "$home" srv/goodoffices
mount --bind "$tree" opt/goodoffices
mount --bind "$python" opt/python
cp "$home/units/$unit" etc/systemd/system/

exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . /usr/lib/systemd/systemd \
    --system "--unit=$unit" --log-target=console --log-level=notice --show-status=0
