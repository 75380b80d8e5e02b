#!/bin/bash
# Sets up the host from a tree of files, at every boot. Each step checks for itself whether there is work.
#
#   host.sh stage      sets up the tree that the boot or a live change made
#   host.sh rollback   puts back the last tree that was proved to run (good); signals nothing
#
# The new tree is tried, put in place, proved to run, and then kept as the good one. If anything fails, the good tree is
# put back, the failure is signalled with the line that explains it, and whatever ran before goes on running.
set -Eeuo pipefail
# The last setting: nginx also has a SysV script, for which Debian's `systemctl enable` would run update-rc.d and reload
# systemd.
umask 022
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 SYSTEMCTL_SKIP_SYSV=1

readonly STATE=/var/lib/portway
LOG=/var/log/portway/bootstrap.log
readonly MODE=${1:-stage}
# SUMS: the SHA-256 of each file of a tree, stored in the tree itself, since a damaged good tree must not be put back.
# FILES: those that Portway has put on the disk, by their full paths.
readonly STAGE=$STATE/$MODE GOOD=$STATE/good SUMS=$STATE/sums FILES=$STATE/files
readonly SELF=/usr/local/lib/portway/host.sh NGINX=/etc/nginx/nginx.conf UNITS=/etc/systemd/system
# The program in this script's own tree. Its commands are the modules of the Python package beside this script.
PORTWAY=${0%/lib/portway/host.sh}/bin/portway

# What systemd runs: the unit, the file that gives a host this service, and the function that starts it. They start in
# this order when a tree is set up. A service whose file disappears is stopped, and no longer starts at boot.
# Hosts of a fleet add one.
SERVICES=(
  "portway-metadata.service $UNITS/portway-metadata.service start_metadata"
  # Before all that opens a port.
  "portway-lists.service $UNITS/portway-lists.service start_lists"
  "portway-iptables.service $UNITS/portway-iptables.service start_rules"
  "portway-traffic.socket $UNITS/portway-traffic.socket start_timer"
  # Not a service, but it belongs here: settings of connection tracking exist only once it is in use.
  "- /etc/sysctl.d start_kernel_settings"
  "portway-health.service $UNITS/portway-health.service start_health"
  # The new engine starts before the old one stops, so that a change of engines loses nothing.
  "portway-protect.service $UNITS/portway-protect.service start_timer"
  "nginx.service $NGINX start_nginx"
  "portway-logs.timer $UNITS/portway-logs.timer start_timer"
  "portway-certificates.timer $UNITS/portway-certificates.timer start_timer"
  "portway-metrics.service $UNITS/portway-metrics.service start_timer"
  "portway-reboot.timer $UNITS/portway-reboot.timer start_timer"
)
STEP=start
# The settings that portway.env may contain.
PORTWAY_CONTENT='' PORTWAY_SIGNAL_URL='' PORTWAY_ATTEMPT=0 PORTWAY_PACKAGES=''

# Writes to the log (stdout) and to the console (3). Output of commands goes to the log alone, so that it can be read
# back.
say() { printf 'portway %(%FT%TZ)T %s\n' -1 "$*" | tee -a "$LOG" >&3 || :; }

step() {
  STEP=$*
  say "$STEP"
}

# The last lines that were printed, since the very last line often says nothing.
last() { tail -n 99 "$LOG" | awk '/^portway / { a = b = c = "" } NF && !/^portway / { a = b; b = c; c = $0 } END { print a, b, c }'; }

die() {
  trap - ERR
  local reason=$*
  # Whatever else fails from here on, the signal must still be sent.
  set +e
  # The console is all that remains of a host that is rolled back.
  tail -n 20 "$LOG" | awk '!/^portway /' >&3
  echo
  say "FAILED: $reason"
  [[ $MODE != rollback ]] || exit 1
  echo "$reason" >/run/portway-failed
  if [[ -d $GOOD ]]; then
    # In a process of its own, in which `set -e` applies again.
    if whole "$GOOD"; then
      "$GOOD$SELF" rollback >&3 2>&1 || say 'the last good content could not be put back'
    else
      reason+="; the last good content is damaged and was not put back: $(last)"
      say "$reason"
    fi
  fi
  signal FAILURE "$reason"
  exit 1
}

# Subshells only fail; the main shell then reports it.
# shellcheck disable=SC2317
failed() {
  ((BASH_SUBSHELL == 0)) || exit 1
  die "$STEP: $1: $(last)"
}
trap 'failed "$BASH_COMMAND"' ERR

# Signals once for each content and URL. If the signal does not arrive, the next boot tries again.
signal() {
  local said pause
  for pause in 0 3 10 20; do
    sleep "$pause"
    if said=$(export PORTWAY_CONTENT PORTWAY_SIGNAL_URL PORTWAY_ATTEMPT && "$PORTWAY" signals "$1" "$2"); then
      [[ -z $said ]] || say "$said"
      return 0
    fi
  done
  say "$1 could not be signalled: $(last)"
}

# Functions that only some hosts need are in files beside this one, which only those hosts have.
optional() { if declare -F "$1" >/dev/null; then "$@"; fi; }

# Whether a tree is as it was proved. A tree from before there were sums passes. Prints the files that differ.
whole() { [[ ! -e $1$SUMS ]] || (cd "$1" && sha256sum --quiet --strict -c ".$SUMS" 2>&1); }

seal() {
  mkdir -p "$STAGE$STATE"
  (cd "$STAGE" && find . -type f -exec sha256sum {} + | sort) >"$STATE/sums.new"
  mv "$STATE/sums.new" "$STAGE$SUMS"
}

# The files of a tree. Its sums stay in it.
list() { (cd "$1" && find . -type f ! -path ".$SUMS" | cut -c2-); }

installed() {
  if command -v dpkg-query; then
    [[ $(dpkg-query -Wf '${db:Status-Status}' "$1") == installed ]]
  else
    rpm -q "$1"
  fi
} >/dev/null 2>&1

# Needs no network if nothing is missing. Mirrors fail at times, and hosts that were started together should not retry
# together, hence rounds with random pauses. Together they last more than a minute: apt's lock timeout does not apply to
# `update`, whose lock a timer may hold.
packages() {
  local name round missing=()
  for name in $PORTWAY_PACKAGES; do
    installed "$name" || missing+=("$name")
  done
  ((${#missing[@]})) || return 0
  step "install ${missing[*]}"
  # The distribution's nginx would start at once, with its own site on port 80.
  [[ " ${missing[*]} " != *' nginx '* ]] || systemctl -q mask --runtime nginx
  for round in {1..7}; do
    if command -v apt-get >/dev/null; then
      # Our nginx.conf may exist already, from a run that failed: never ask, never replace it.
      local apt=(apt-get -qy -o Acquire::Retries=1 -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold)
      "${apt[@]}" update && "${apt[@]}" --no-install-recommends install "${missing[@]}" && break
    else
      dnf -qy --setopt=install_weak_deps=False install "${missing[@]}" && break
    fi
    ((round < 7)) || die "$STEP: $(last)"
    sleep $((round * 4 + RANDOM % 9))
  done
  # Systemd is reloaded later.
  systemctl -q --no-reload unmask --runtime nginx
}

# Checks everything that can be checked before the host is changed.
try() {
  step 'try the new content'
  # Its chains come after ours and drop what we forward. Two programs that manage one firewall are impossible to debug.
  [[ $(ufw status 2>/dev/null) != *': active'* ]] || die 'ufw is active: disable it and use the security group'
  optional try_ipv6
  if [[ -e $STAGE$UNITS/portway-iptables.service ]]; then "$PORTWAY" rules try "$STAGE/etc/portway"; fi
  optional try_nginx
}

# Makes the host match a tree.
settle() {
  step "set up $1"
  # shellcheck source=/dev/null
  . "$1/etc/portway/portway.env"
  list_files "$1"
  # The paths of the files that differed.
  WRITTEN=$("$PORTWAY" place "$1" "$FILES")
  enable_services "$1"
  # Reloads systemd once for everything, since this takes seconds on a small host.
  [[ $WRITTEN != */systemd/* ]] || systemctl daemon-reload
  start_services "$1"
  stop_services "$1"
  remove_files "$1"
}

# The files of ours that are or will be on the disk. Includes those of the good tree, since the list on the disk may be
# lost or cut.
list_files() {
  local path
  [[ ! -d $FILES ]] || rm -r "$FILES"
  touch "$FILES"
  {
    list "$1"
    [[ ! -d $GOOD ]] || list "$GOOD"
    while read -r path; do [[ $path != /* || -d $path ]] || echo "$path"; done <"$FILES"
  } | sort -u >"$FILES.new"
  mv "$FILES.new" "$FILES"
}

remove_files() {
  local path
  while read -r path; do [[ -e $1$path ]] || rm -f "$path" || :; done <"$FILES"
  list "$1" >"$FILES.new"
  mv "$FILES.new" "$FILES"
}

enable_services() {
  local row unit file units=()
  for row in "${SERVICES[@]}"; do
    read -r unit file _ <<<"$row"
    [[ $unit == - || ! -e $1$file ]] || units+=("$unit")
  done
  # All at once, and without asking before, since each call takes a moment. It is for the next boot, so no reload is due.
  systemctl -q --no-reload enable "${units[@]}"
}

# The health service stops before rules are applied and read back: otherwise it would restore chains from its old data
# meanwhile.
start_services() {
  local row unit file start
  if [[ $WRITTEN == *health* || (-e $UNITS/portway-health.service && ! -e $1$UNITS/portway-health.service) ]]; then
    systemctl stop portway-health
  fi
  for row in "${SERVICES[@]}"; do
    read -r unit file start <<<"$row"
    [[ ! -e $1$file ]] || "$start" "$1" "$unit"
  done
}

stop_services() {
  local row unit file
  for row in "${SERVICES[@]}"; do
    read -r unit file _ <<<"$row"
    if [[ $unit != - && ! -e $1$file ]] && grep -qxF "$file" "$FILES"; then
      [[ $unit != portway-iptables.service ]] || remove_rules
      systemctl -q disable --now "$unit"
    fi
  done
}

start_metadata() { /usr/local/lib/portway/metadata.sh; }

# Of the tree, since files that it has not are still in /etc.
start_rules() {
  "$PORTWAY" rules apply "$1/etc/portway"
  optional carry_flows "$1"
}

# Chosen by what is on the disk, since this tree has no rules. The second command is for hosts that were set up before
# the package existed.
remove_rules() {
  if [[ -e /usr/local/lib/portway/portway/rules.py ]]; then
    /usr/local/bin/portway rules remove
  else
    /usr/local/lib/portway/rules.py remove
  fi
}

start_kernel_settings() {
  local path
  for path in "$1"/etc/sysctl.d/*; do sysctl -qp "$path"; done
}

start_health() {
  systemctl start portway-health || die "portway-health does not start: $(journalctl -qu portway-health -n 4 -o cat | tr '\n' ' ')"
}

start_timer() { systemctl -q is-active "$2" || systemctl start "$2"; }

main() {
  mkdir -p "${LOG%/*}"
  umask 027
  # A disk full of logs must not end the run: then the output of commands goes to memory.
  head -c 256K /dev/zero 2>/dev/null >"$LOG.room" || LOG=/run/portway-bootstrap.log
  rm -f /var/log/portway/bootstrap.log.room
  touch "$LOG"
  umask 022
  exec 3>&1 >>"$LOG" 2>&1
  if [[ $MODE == rollback ]]; then
    settle "$GOOD"
    return 0
  fi
  # shellcheck source=/dev/null
  . "$STAGE/etc/portway/portway.env"
  step "content $PORTWAY_CONTENT"
  optional swap
  packages
  optional certificates
  optional stamp
  seal
  # At a plain reboot nothing is new.
  diff -rq "$STAGE" "$GOOD" >/dev/null 2>&1 || try
  optional first_boot
  optional listeners
  settle "$STAGE"
  optional confirm
  # The power may fail at any moment, and the next boot must find a whole good tree. So the new tree is on the disk
  # before it gets its name, and a single system call exchanges the names.
  [[ -d $GOOD ]] || rm -f "$GOOD"
  mkdir -p "$GOOD"
  sync
  "$PORTWAY" files "$STAGE" "$GOOD"
  PORTWAY=$GOOD/usr/local/bin/portway
  sync
  # Earlier versions kept their content there.
  rm -f "$STATE"/archive-*
  # Only warns, since the application may start later. Only hosts with such targets have the command.
  [[ ! -e $GOOD/usr/local/lib/portway/portway/rule_targets.py ]] || "$PORTWAY" rule_targets | while read -r line; do say "WARNING: $line"; done || :
  signal SUCCESS "content $PORTWAY_CONTENT runs"
  say 'forwards are up'
}

for part in "${0%/*}"/host.d/*; do
  # shellcheck source=/dev/null
  [[ ! -e $part ]] || . "$part"
done
main
