#!/bin/bash
# Sets the host up from a tree of files, at every boot; each step finds out for itself whether there is work.
#
#   host.sh stage      set up the tree that portway.sh unpacked
#   host.sh busy       another run does not end: report that
#   host.sh rollback   put the last tree back that was proved to run (good); signals nothing
#
# The new tree is tried, put in place, proved to run, and then kept as the good one. When anything fails, the good one is put
# back, the failure is signalled with the line that tells why, and what ran before goes on running.
set -Eeuo pipefail
# The last one: nginx has a SysV script too, and Debian's `systemctl enable` would run update-rc.d and reload systemd for it.
umask 022
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 SYSTEMCTL_SKIP_SYSV=1

readonly STATE=/var/lib/portway
LOG=/var/log/portway/bootstrap.log
readonly MODE=${1:-stage}
readonly STAGE=$STATE/$MODE GOOD=$STATE/good
# SHA-256 of each file of a tree, which is one of them: a good tree that was damaged must not be put back.
readonly SUMS=$STATE/sums
# The files that are on the disk because of us, by their full paths.
readonly FILES=$STATE/files
readonly SELF=/usr/local/lib/portway/host.sh RULES=/usr/local/lib/portway/rules.py NGINX=/etc/nginx/nginx.conf
readonly HEALTH=/usr/local/lib/portway/health.py METADATA=/usr/local/lib/portway/metadata.sh
STEP=start
# What portway.env may set.
PORTWAY_CONTENT='' PORTWAY_SIGNAL_URL='' PORTWAY_ATTEMPT=0 PORTWAY_PACKAGES=''

# To the log (stdout) and to the console (3). What commands print goes to the log alone, so that it can be read back.
say() { printf 'portway %(%FT%TZ)T %s\n' -1 "$*" | tee -a "$LOG" >&3 || :; }

step() {
  STEP=$*
  say "$STEP"
}

# The last lines that were printed: programs like to end with a line that says nothing.
last() { tail -n 99 "$LOG" | awk '/^portway / { a = b = c = "" } NF && !/^portway / { a = b; b = c; c = $0 } END { print a, b, c }'; }

die() {
  trap - ERR
  local reason=$*
  # Whatever else goes wrong now, the signal must still be sent.
  set +e
  # What the console shows is all that is left of a host that is rolled back.
  tail -n 20 "$LOG" | awk '!/^portway /' >&3
  echo
  say "FAILED: $reason"
  [[ $MODE != rollback ]] || exit 1
  if [[ $MODE == stage && -d $GOOD ]]; then
    # In a process of its own: there, `set -e` holds again.
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

# Subshells only fail; the main shell then tells.
# shellcheck disable=SC2317
failed() {
  ((BASH_SUBSHELL == 0)) || exit 1
  die "$STEP: $1: $(last)"
}
trap 'failed "$BASH_COMMAND"' ERR

# The name of this host in CloudFormation's events, and what "once per instance" means. An image made of this disk has its
# machine-id too, but another instance id.
instance() {
  local id=''
  read -r id 2>/dev/null </sys/devices/virtual/dmi/id/board_asset_tag || :
  [[ $id == i-* ]] || id=$(</etc/machine-id)
  echo "$id"
}

# CloudFormation judges a content once: after a FAILURE no later boot may say SUCCESS to the same URL. URLs die after a day
# (403), so any answer of the server counts as delivered; without an answer the next boot tries again. python3 is what
# cloud-init itself runs on: there even if no package could be installed. It sends no Content-Type, as is required.
signal() {
  local mark=$STATE/signalled-$PORTWAY_CONTENT pause
  [[ -n $PORTWAY_SIGNAL_URL && $(cat "$mark" 2>/dev/null) != "$PORTWAY_SIGNAL_URL" ]] || return 0
  for pause in 0 3 10 20; do
    sleep "$pause"
    if python3 -c '
import http.client, json, os, re, sys, time, urllib.parse
url, status, reason, host, content, attempt = sys.argv[1:]
reason = os.fsencode(reason).decode("utf8", "replace")
reason = re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]", "", reason)
reason = re.sub(r"[\x00-\x20\x7f-\x9f]+", " ", reason).encode()[:940].decode("utf8", "ignore")
if status == "FAILURE":
    reason += " (to deploy the same content again: -c attempt=%d)" % (int(attempt) + 1)
boot = open("/proc/sys/kernel/random/boot_id").read().strip()
data = json.dumps({"content": content, "boot": boot, "time": time.strftime("%FT%TZ", time.gmtime())})
u = urllib.parse.urlsplit(url)
c = getattr(http.client, u.scheme.upper() + "Connection")(u.netloc, timeout=20)
c.request("PUT", u.path + "?" + u.query, json.dumps({"Status": status, "Reason": reason, "UniqueId": host, "Data": data}))
r = c.getresponse()
print(r.status, r.read(300))
sys.exit(r.status > 499)' "$PORTWAY_SIGNAL_URL" "$1" "$2" "$(instance)" "$PORTWAY_CONTENT" "$PORTWAY_ATTEMPT"; then
      echo "$PORTWAY_SIGNAL_URL" >"$mark"
      say "signalled $1"
      return 0
    fi
  done
  say "$1 could not be signalled: $(last)"
}

# What only some hosts need stands in files beside this one, and is carried only where it is needed.
optional() { if declare -F "$1" >/dev/null; then "$1"; fi; }

# Whether a tree is as it was proved; one of before there were sums is taken for it. Prints the files that are not.
whole() { [[ ! -e $1$SUMS ]] || (cd "$1" && sha256sum --quiet --strict -c ".$SUMS" 2>&1); }

seal() {
  mkdir -p "$STAGE$STATE"
  (cd "$STAGE" && find . -type f -exec sha256sum {} + | sort) >"$STATE/sums.new"
  mv "$STATE/sums.new" "$STAGE$SUMS"
}

# The files of a tree.
list() { (cd "$1" && find . -type f | cut -c2-); }

installed() {
  if command -v dpkg-query; then
    [[ $(dpkg-query -Wf '${db:Status-Status}' "$1") == installed ]]
  else
    rpm -q "$1"
  fi
} >/dev/null 2>&1

# Needs no network when nothing is missing. Mirrors hiccup, and hosts that were started together should not come back together:
# hence rounds with a random pause. Together they outlast a minute: apt's lock timeout does not cover `update`, whose lock a timer's
# may hold.
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
      # Our nginx.conf may be there already, from a run that failed: never ask, never replace it.
      local apt=(apt-get -qy -o Acquire::Retries=1 -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold)
      "${apt[@]}" update && "${apt[@]}" --no-install-recommends install "${missing[@]}" && break
    else
      dnf -qy --setopt=install_weak_deps=False install "${missing[@]}" && break
    fi
    ((round < 7)) || die "$STEP: $(last)"
    sleep $((round * 4 + RANDOM % 9))
  done
  # What follows reloads systemd.
  systemctl -q --no-reload unmask --runtime nginx
}

# Everything that can be known before the host is changed.
try() {
  step 'try the new content'
  # Its own chains come after ours and drop what we forward; two masters of one firewall end in a riddle.
  [[ $(ufw status 2>/dev/null) != *': active'* ]] || die 'ufw is active: disable it and use the security group'
  optional try_ipv6
  if [[ -e $STAGE$RULES ]]; then "$STAGE$RULES" try "$STAGE/etc/portway"; fi
  optional try_nginx
}

# Makes the host what a tree says. The new engine starts before the old one goes, so that a change of engines loses nothing.
settle() {
  local path written=''
  step "set up $1"
  # shellcheck source=/dev/null
  . "$1/etc/portway/portway.env"
  # The good tree too: what was noted may be lost or cut.
  [[ ! -d $FILES ]] || rm -r "$FILES"
  touch "$FILES"
  {
    list "$1"
    [[ ! -d $GOOD ]] || list "$GOOD"
    while read -r path; do [[ $path != /* || -d $path ]] || echo "$path"; done <"$FILES"
  } | sort -u >"$FILES.new"
  mv "$FILES.new" "$FILES"
  while read -r path; do
    if [[ -e $1$path ]] && ! cmp -s "$1$path" "$path"; then
      mkdir -p "${path%/*}"
      [[ ! -d $path ]] || rm -r "$path"
      cp -p "$1$path" "$path.portway-new"
      mv "$path.portway-new" "$path"
      written+=$path
    fi
  done <"$FILES"
  # One reload of systemd for all of it: on a small host it takes seconds.
  for path in "$RULES portway-iptables" "$HEALTH portway-health" "$METADATA portway-metadata" "$NGINX nginx"; do
    if [[ -e $1${path% *} ]] && ! systemctl -q is-enabled "${path#* }"; then
      systemctl -q --no-reload enable "${path#* }"
      written+=/systemd/
    fi
  done
  [[ $written != */systemd/* ]] || systemctl daemon-reload
  if [[ -e $1$METADATA ]]; then "$METADATA"; fi
  # It would put chains back as its old data has them, while others are applied and read back.
  if [[ $written == *health* || (-e $HEALTH && ! -e $1$HEALTH) ]]; then systemctl stop portway-health; fi
  if [[ -e $1$RULES ]]; then "$RULES" apply; fi
  # After the rules: connection tracking has settings only once it is used.
  for path in "$1"/etc/sysctl.d/*; do [[ ! -e $path ]] || sysctl -qp "$path"; done
  if [[ -e $1$HEALTH ]]; then
    systemctl start portway-health || die "portway-health does not start: $(journalctl -qu portway-health -n 4 -o cat | tr '\n' ' ')"
  fi
  optional start_nginx
  for path in "$1"/etc/systemd/system/*.timer; do
    [[ ! -e $path ]] || systemctl -q is-active "${path##*/}" || systemctl -q enable --now "${path##*/}"
  done
  # What is no longer carried goes.
  while read -r path; do
    [[ ! -e $1$path ]] || continue
    case $path in
      "$RULES")
        "$RULES" remove
        systemctl -q disable portway-iptables
        ;;
      "$HEALTH") systemctl -q disable --now portway-health ;;
      "$METADATA") systemctl -q disable portway-metadata ;;
      "$NGINX") systemctl -q disable --now nginx ;;
      *.timer) systemctl -q disable --now "${path##*/}" ;;
    esac
  done <"$FILES"
  while read -r path; do [[ -e $1$path ]] || rm -f "$path" || :; done <"$FILES"
  list "$1" >"$FILES.new"
  mv "$FILES.new" "$FILES"
}

main() {
  mkdir -p "${LOG%/*}"
  umask 027
  # A full disk of logs must not end the run: what commands print goes to memory then.
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
  if [[ $MODE == busy ]]; then
    # With the same content it signals itself.
    cmp -s "$STAGE/etc/portway/portway.env" "$STATE/stage/etc/portway/portway.env" || die 'another run is at work and does not end'
    say 'another run is at work'
    exit 1
  fi
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
  # The power may go at any moment, and the next boot must find a whole good tree: the new one is on the disk before it gets its
  # name, and the names are exchanged by one call of the kernel (RENAME_EXCHANGE, which mv can only since coreutils 9.5).
  [[ -d $GOOD ]] || rm -f "$GOOD"
  mkdir -p "$GOOD"
  cd "$STATE"
  sync
  python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).renameat2(-100, b"stage", -100, b"good", 2))'
  sync
  signal SUCCESS "content $PORTWAY_CONTENT runs"
  say 'forwards are up'
}

for part in "${0%/*}"/host.d/*; do
  # shellcheck source=/dev/null
  [[ ! -e $part ]] || . "$part"
done
main
