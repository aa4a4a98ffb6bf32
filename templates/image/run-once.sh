#!/bin/bash
# For user-data of the old kind, which calls this with a registration token and powers off when it returns. The token
# stands in its arguments, where any process may read it: newer user-data brings a credential file instead.
set -eu

if [ $# -lt 2 ]; then
  echo "usage: run-once.sh <repository or organisation URL> <registration token> [labels] [name]" >&2
  exit 64
fi

runs=/run/dispatcher
install -d -m 0700 "$runs"
umask 077
cat >"$runs/credential" <<EOF
kind=token
credential=$2
seconds=172800
url=$1
name=${4:-$(hostname)}
user=$(stat -c %U /opt/actions-runner)
labels=${3:-self-hosted}
EOF
exec systemctl start --wait dispatcher-runner.service
