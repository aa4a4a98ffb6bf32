#!/bin/bash
# The last step: cleans, and removes the account that the build logged in with, its password and its right to sudo.
set -euo pipefail

# What cleans stands below a folder that it may clean.
folder=$(mktemp -d -p /run)
cp -r /tmp/dispatcher/image/. "$folder"
rm -rf /tmp/dispatcher
bash "$folder/clean.sh"

rm -f /etc/sudoers.d/dispatcher-build
# It is still logged in, which userdel minds, but does not let itself be kept from its work by --force.
userdel --force --remove "$BUILD_USER" || true
if getent passwd "$BUILD_USER" || getent group "$BUILD_USER"; then
  echo "the account $BUILD_USER could not be removed" >&2
  exit 1
fi
rm -rf "$folder" "$0"
sync
