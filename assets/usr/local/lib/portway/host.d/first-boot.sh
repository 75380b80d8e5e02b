# shellcheck shell=bash
# Part of host.sh, on hosts with a first-boot script of the team.

# The meaning of "once per instance". An image of this disk has the same machine-id, but another instance id.
instance() {
  local id=''
  read -r id 2>/dev/null </sys/devices/virtual/dmi/id/board_asset_tag || :
  [[ $id == i-* ]] || id=$(</etc/machine-id)
  echo "$id"
}

# The team's script runs once on each instance, and again when it changes. It runs after everything was tried, since it
# may be long and may not be repeatable. It runs before anything is changed, so that an application that takes port 80,
# or a docker that puts its rules before ours, is noticed or corrected. And it runs before the signal, so that its
# failure fails the deploy.
first_boot() {
  local script=$STAGE$STATE/first-boot log=${LOG%/*}/first-boot.log mark
  mark=$STATE/first-boot-$(instance)-$(sha256sum <"$script" | cut -c-16)
  [[ ! -e $mark ]] || return 0
  step firstBootScript
  # It may print secrets, which must not get into CloudFormation's events, so its output has a log of its own. Processes
  # that it leaves running must not hold our lock.
  (umask 077 && : >"$log")
  # A change on a running host has no reboot that would end a script that hangs.
  timeout "${PORTWAY_SECONDS:-0}" "$script" </dev/null >"$log" 2>&1 3>&- 9>&- || {
    local code=$?
    ((code != 124)) || code='124 (timeout)'
    tail -n 20 "$log" >&3
    die "firstBootScript ended with $code: see $log on the host, or its last lines in the instance's console output"
  }
  touch "$mark"
}
