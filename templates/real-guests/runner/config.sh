#!/bin/bash
# A stand-in for the actions runner's own.
cd "$(dirname "$0")" || exit 1
exec ./bin/Runner.Listener configure "$@"
