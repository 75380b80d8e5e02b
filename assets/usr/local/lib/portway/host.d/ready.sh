# shellcheck shell=bash
# Part of host.sh, on the hosts of a fleet.

SERVICES+=("portway-ready.socket $UNITS/portway-ready.socket start_ready")

# Another port is another socket.
start_ready() {
  if [[ $WRITTEN == *portway-ready* ]]; then systemctl restart "$2"; else start_timer "$@"; fi
}
