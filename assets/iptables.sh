#!/bin/bash
# Portway's iptables rules: applied as a whole, read back, and taken back as a whole when anything fails.
#
#   iptables.sh try [DIR]     try the rules for real in an empty network namespace; the host's own are not touched
#   iptables.sh apply [DIR]   make the host's rules those of DIR
#   iptables.sh check [DIR]   fail, with the difference, unless the host's rules are those of DIR
#   iptables.sh restore       apply the rules of the last content that was proved; what the unit does at boot
#   iptables.sh remove        take all of Portway's rules out
#
# DIR (default /etc/portway) holds iptables.rules and ip6tables.rules; a missing file is an empty one. They are text for
# iptables-restore with own chains only (PORTWAY-*); a line `#portway-hook CHAIN ...` is a jump to an own chain
# that must be there once, as the first rule of that built-in chain. Rules and chains of others are never touched.
set -Eeuo pipefail
export LC_ALL=C

readonly PROVED=/var/lib/portway/good/etc/portway
# By family (iptables, ip6tables): the wanted text, what the kernel makes of it, and what there was before.
declare -A text want before
families=(iptables)

die() {
  echo "iptables.sh: $*" >&2
  exit 1
}

# Reads the output of iptables-save; prints what is ours, in the form of the rules files, so that it can be compared and
# applied again. `#at` says which rule of its built-in chain a hook is: a hook that somebody pushed down is a difference.
own() {
  awk '
    /^\*/ { table = $0; split("", rules) }
    /^-A/ { rules[$2]++ }
    /^(:|-A )PORTWAY-/ { body = body $0 "\n"; next }
    /^-A .* -[gj] PORTWAY-[^ ]+$/ { at = rules[$2]; sub(/^-A/, "#portway-hook"); body = body $0 "\n#at " at "\n" }
    /^COMMIT/ && body { printf "%s\n%sCOMMIT\n", table, body; body = "" }'
}

live() { "$1-nft-save" | own; }

# From what is there ($1) to what is wanted ($2): one transaction for each table, in which a chain that is named is
# emptied first and an unnamed one goes. `-D` of a missing rule would fail, so only hooks that are there are deleted.
plan() {
  awk '
    /^\*/ { t = $1; if (!(t in known)) { known[t]; tables[++n] = t } }
    /^:PORTWAY-/ {
      if (!((t, $1) in chains)) head[t] = head[t] $1 " - [0:0]\n"
      chains[t, $1]
      if (wanted) stays[t, $1]
      else there[t] = there[t] " " $1
    }
    /^#portway-hook / {
      hook = substr($0, 15)
      if (!wanted) del[t] = del[t] "-D " hook "\n"
      else { at = index(hook, " "); ins[t] = "-I " substr(hook, 1, at) "1" substr(hook, at) "\n" ins[t] }
    }
    /^-A PORTWAY-/ && wanted { add[t] = add[t] $0 "\n" }
    !/^(\*|#|:PORTWAY-|-A PORTWAY-|COMMIT$|$)/ { print "not a rule of an own chain: " $0 >"/dev/stderr"; exit bad = 1 }
    END {
      for (i = 1; i <= n && !bad; i++) {
        t = tables[i]
        printf "%s\n%s%s%s%s", t, head[t], del[t], ins[t], add[t]
        k = split(there[t], names)
        for (j = 1; j <= k; j++) if (!((t, names[j]) in stays)) print "-X " substr(names[j], 2)
        print "COMMIT"
      }
    }' <(echo "$1") wanted=1 <(echo "$2")
}

# Runs a transaction ($2) of a family ($1). iptables-restore tells the number of the line that failed: we tell the line.
commit() {
  local said number
  said=$("$1-nft-restore" --noflush <<<"$2" 2>&1) && return 0
  number=$(grep -oE 'line:? [0-9]+' <<<"$said" | tail -n 1 | tr -cd 0-9)
  echo "$1: ${said//$'\n'/ }"
  [[ -z $number ]] || echo "$1 refused: $(sed -n "${number}p" <<<"$2")"
  return 1
} >&2

# `iptables-restore --test` never asks the kernel: it lets jumps to missing chains, loops and wrong tables pass.
try() {
  local family
  # A kernel without IPv6 has nothing to forward in that family, and must not fail the other.
  [[ ! -d /proc/sys/net/ipv6 ]] || families+=(ip6tables)
  for family in "${families[@]}"; do
    text[$family]=$(cat "$1/$family.rules" 2>/dev/null || :)
    want[$family]=$(plan '' "${text[$family]}")
    # shellcheck disable=SC2016
    want[$family]=$(export -f commit own && unshare -n bash -c \
      'set -eo pipefail; commit "$1" "$2"; "$1-nft-save" | own' - "$family" "${want[$family]}")
  done
}

check() {
  local family now
  for family in "${families[@]}"; do
    now=$(live "$family")
    [[ $now == "${want[$family]}" ]] \
      || die "$family: rules wanted (<) and in the kernel (>) differ: $(diff <(echo "${want[$family]}") <(echo "$now"))"
  done
}

apply() {
  local family plan same=1
  try "$1"
  for family in "${families[@]}"; do
    before[$family]=$(live "$family")
    [[ ${before[$family]} == "${want[$family]}" ]] || same=
  done
  [[ -z $same ]] || return 0
  # A transaction holds one table of one family; what went in before a failure is taken back here.
  trap rollback EXIT
  for family in "${families[@]}"; do
    plan=$(plan "${before[$family]}" "${text[$family]}")
    commit "$family" "$plan"
  done
  check
  trap - EXIT
  forget
}

rollback() {
  local family plan
  for family in "${families[@]}"; do
    plan=$(plan "$(live "$family")" "${before[$family]}")
    commit "$family" "$plan" || echo "iptables.sh: $family: the rules from before could not be put back" >&2
  done
}

# A UDP flow keeps the target it once got for as long as it talks. Flows of changed UDP forwards start anew, others go on.
forget() {
  local family version low high port
  command -v conntrack >/dev/null || return 0
  for family in "${families[@]}"; do
    version=ipv4
    [[ $family == iptables ]] || version=ipv6
    while read -r low high; do
      for port in $(conntrack -L -f "$version" -p udp 2>/dev/null | sed -E 's/[^=]*(=[^=]*){3}=([0-9]+).*/\2/' | sort -u); do
        if ((port >= low && port <= ${high:-low})); then
          conntrack -D -f "$version" -p udp --orig-port-dst "$port" >/dev/null 2>&1 || :
        fi
      done
    done < <(diff <(echo "${before[$family]}") <(echo "${want[$family]}") \
      | sed -nE 's/.* -p udp .*--dport ([0-9]+):?([0-9]*) .*/\1 \2/p' | sort -u)
  done
}

main() {
  local dir=${2:-/etc/portway}
  case ${1:-} in
    apply | try)
      # Rules of both kinds in one kernel: nobody could tell which of them a packet meets.
      [[ $(iptables -V) == *nf_tables* ]] || die "iptables must be the nf_tables variant, got: $(iptables -V)"
      "$1" "$dir"
      ;;
    check) try "$dir" && check ;;
    restore) [[ ! -d $PROVED ]] || apply "$PROVED" ;;
    remove) apply /nonexistent ;;
    *) die "usage: iptables.sh try|apply|check [DIR] | restore | remove" ;;
  esac
}

main "$@"
