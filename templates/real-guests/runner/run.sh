#!/bin/bash
# A stand-in for the actions runner's own: the listener, without the loop around it.
cd "$(dirname "$0")" || exit 1
./bin/Runner.Listener run "$@"
exit 0
