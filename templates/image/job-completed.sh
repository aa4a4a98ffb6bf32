#!/bin/bash
# The runner starts this after its job, but before it has reported the result: too early to power off.
echo "done" >/run/dispatcher/state
exit 0
