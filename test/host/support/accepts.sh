#!/bin/bash
# Whether this host accepts rendered stacks: each folder below $1 holds iptables.rules, ip6tables.rules and nginx.conf, or some of
# them. The rules are applied for real in a network namespace of their own, since `iptables-restore --test` lets loops, missing
# chains and wrong tables pass. Prints a line for each folder that fails (its name, then the reason), and how many there were.
set -uo pipefail
export LC_ALL=C

rules() {
  local family
  ip link set lo up
  ip link add out type veth peer name far
  ip addr add 192.0.2.1/24 dev out
  ip link set out up
  ip link set far up
  ip route add default via 192.0.2.254
  # The way out is known, so packets leave without an answer from a neighbour.
  ip neigh add 192.0.2.254 lladdr 02:00:00:00:00:01 dev out
  for family in iptables ip6tables; do
    # The whole of rules.py, with its own trial and read-back, takes ten times as long: it gets a sample.
    [[ $1 != *00 ]] || /usr/local/lib/portway/rules.py apply "$1" || return 1
    sed -E 's/^#portway-hook (\S+) /-I \1 1 /' "$1/$family.rules" | "$family-nft-restore" --noflush || return 1
    if "$family-nft-save" -t nat | grep -E -- '-A (PREROUTING|OUTPUT) ' | grep -vq -- '--dst-type LOCAL'; then
      echo "$family: a hook of nat looks at packets that are not for the gateway"
      return 1
    fi
  done
  # The host's own connections to others: sent, never answered, and never led elsewhere.
  for port in 80 443; do
    timeout 0.03 bash -c "</dev/tcp/203.0.113.50/$port" 2>/dev/null
    (($? == 124)) || {
      echo "the host's own connection to port $port of another host was answered here"
      return 1
    }
  done
  [[ -z $(conntrack -L --dst-nat 2>/dev/null) ]] || {
    echo "the host's own connections are led elsewhere: $(conntrack -L --dst-nat 2>/dev/null)"
    return 1
  }
}

one() {
  if [[ -e $1/iptables.rules ]]; then
    # shellcheck disable=SC2016 # $1 is the inner shell's
    unshare -n bash -c 'rules "$1"' - "$1" 2>&1 || return 1
  fi
  [[ ! -e $1/nginx.conf ]] || nginx -t -q -c "$1/nginx.conf" 2>&1
}

tell() {
  local said
  said=$(one "$1") || printf '%s %s\n' "$(basename "$1")" "${said//$'\n'/ | }"
}

main() {
  export -f tell one rules
  # shellcheck disable=SC2016 # $1 is the inner shell's
  find "$1" -mindepth 1 -maxdepth 1 -type d -print0 | xargs -0 -n 1 -P "$(nproc)" bash -c 'set -uo pipefail; tell "$1"' -
  echo "tried $(find "$1" -mindepth 1 -maxdepth 1 -type d | wc -l)"
}

main "$@"
