# shellcheck shell=bash
# Part of host.sh, where there is room for it.

# Tells the console how old the kernel and nginx are that run, once all is done.
trap '"$PORTWAY" running >&3 || :' EXIT
