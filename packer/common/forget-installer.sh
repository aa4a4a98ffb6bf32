#!/bin/bash
# Takes back what an installer decides for one machine, and what only clones may decide.
set -euo pipefail

# Ubuntu's installer tells cloud-init to look no further than itself.
rm -f /etc/cloud/cloud.cfg.d/99-installer.cfg /etc/cloud/cloud.cfg.d/90-installer-network.cfg
rm -f /etc/cloud/cloud.cfg.d/subiquity-disable-cloudinit-networking.cfg /etc/cloud/cloud-init.disabled
rm -f /etc/cloud/ds-identify.cfg

# The network of this very machine; cloud-init writes the clone's.
rm -f /etc/netplan/00-installer-config.yaml /etc/netplan/50-cloud-init.yaml
if [ -f /etc/network/interfaces ]; then
  printf 'auto lo\niface lo inet loopback\nsource /etc/network/interfaces.d/*\n' >/etc/network/interfaces
fi

# Answers, with the hash of the build's password.
rm -rf /var/log/installer /autoinstall.yaml /root/.cache
rm -f /var/lib/cloud/seed/nocloud-net/* /var/lib/cloud/seed/nocloud/*

passwd --lock root >/dev/null
