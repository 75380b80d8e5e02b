# shellcheck shell=bash
# Part of host.sh, on the hosts of a fleet.

SERVICES+=("portway-ready.socket $UNITS/portway-ready.socket start_ready")

# Another port is another socket. systemd starts none while its service runs.
start_ready() {
  if [[ $WRITTEN == *portway-ready* ]]; then
    systemctl stop "$2"
    systemctl stop portway-ready.service
  fi
  start_timer "$@"
}
