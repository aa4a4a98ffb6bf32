#!/bin/bash
# The last step of an image: takes away what each clone must have for itself, and what the building left behind.
# Afterwards the system is switched off and becomes a template; booted once more, it would have to be cleaned again.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/sbin:/sbin"

[ "$(id -u)" = 0 ] || { echo "clean.sh: run it as root" >&2; exit 1; }

# Each clone is a new instance to cloud-init, with its own SSH host keys, its own machine-id, and its own random seed.
cloud-init clean --logs
rm -rf /var/lib/cloud/instances /var/lib/cloud/instance /var/lib/cloud/seed
rm -f /etc/netplan/50-cloud-init.yaml /etc/network/interfaces.d/50-cloud-init
rm -f /etc/ssh/ssh_host_*
: >/etc/machine-id
# An id that D-Bus has for itself would become the machine's at the first boot: the same one in each clone.
[ ! -d /var/lib/dbus ] || ln -sf /etc/machine-id /var/lib/dbus/machine-id
rm -f /var/lib/systemd/random-seed /var/lib/systemd/credential.secret
rm -rf /var/lib/systemd/timers /var/lib/dhcp/*
echo localhost >/etc/hostname

# Nobody logs in with a password.
passwd --quiet --lock root

# /tmp is left alone: whatever is mounted there would go with it, and it is emptied at each boot.
apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/journal/* /var/log/installer
find /var/log -xdev -type f \( -name '*.gz' -o -name '*.[0-9]' \) -delete
find /var/log -xdev -type f -exec truncate --size 0 {} +
rm -f /root/.bash_history /home/*/.bash_history /root/.wget-hsts /root/.lesshst /root/.viminfo
sync
