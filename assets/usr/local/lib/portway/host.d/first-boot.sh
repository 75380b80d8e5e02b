# shellcheck shell=bash
# Part of host.sh, for hosts that a team sets up by a script of its own.

# The team's own script runs once on each instance, and again when it changes: after everything was tried (it may be long,
# and may not be repeatable), before anything is changed (an application that takes port 80, or a docker that puts its rules
# before ours, is then found or put right), and before the signal (its failure fails the deploy).
first_boot() {
  local script=$STAGE$STATE/first-boot log=${LOG%/*}/first-boot.log mark
  mark=$STATE/first-boot-$(instance)-$(sha256sum <"$script" | cut -c-16)
  [[ ! -e $mark ]] || return 0
  step firstBootScript
  # It may print secrets, which must not get into CloudFormation's events: its output has a log of its own. What it leaves running
  # must not hold our lock.
  (umask 077 && : >"$log")
  "$script" </dev/null >"$log" 2>&1 3>&- 9>&- || {
    local code=$?
    tail -n 20 "$log" >&3
    die "firstBootScript ended with $code: see $log on the host, or its last lines in the instance's console output"
  }
  touch "$mark"
}
