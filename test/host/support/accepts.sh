#!/bin/bash
# Checks whether this host accepts rendered stacks. Each folder below $1 has iptables.rules and ip6tables.rules, and may have
# nftables.rules, flows.nft (with counters in place of the flow table) and nginx.conf. Applies the rules for real in a network
# namespace, since `iptables-restore --test` accepts loops, missing chains and wrong tables. Prints a line for each failing
# folder (its name, then the reason), and the number of folders.
set -uo pipefail
export LC_ALL=C

# A network namespace, reused for a few stacks. The neighbour is static, so packets leave without a reply from it.
network() {
  ip -b - <<END
link set lo up
link add out type veth peer name far
addr add 192.0.2.1/24 dev out
link set out up
link set far up
route add default via 192.0.2.254
neigh add 192.0.2.254 lladdr 02:00:00:00:00:01 dev out
END
}

# The host's own connection to another host: must be sent, not answered here.
leaves() {
  timeout 0.03 bash -c "</dev/tcp/203.0.113.50/$1" 2>/dev/null
  (($? == 124)) || echo "the host's own connection to port $1 of another host was answered here"
}

rules() {
  local family file said
  for family in iptables ip6tables; do
    # All of portway rules, with its own trial and read-back, takes ten times as long, so it runs on a sample.
    [[ $1 != *00 ]] || portway rules apply "$1" || return 1
    if grep -E '^#portway-hook (PREROUTING|OUTPUT) ' "$1/$family.rules" | grep -vq -- '--dst-type LOCAL'; then
      echo "$family: a hook of nat looks at packets that are not for the gateway"
      return 1
    fi
    sed -E 's/^#portway-hook (\S+) /-I \1 1 /' "$1/$family.rules" | "$family-nft-restore" --noflush || return 1
  done
  for file in nftables.rules flows.nft; do
    [[ ! -e $1/$file ]] || nft -f "$1/$file" || return 1
  done
  said=$(
    leaves 80 &
    leaves 443
    wait
    conntrack -L --dst-nat 2>/dev/null
  )
  [[ -z $said ]] || {
    echo "the host's own connections are led elsewhere: $said"
    return 1
  }
}

tell() {
  local said
  said=$("$1" "$2" 2>&1) || printf '%s %s\n' "$(basename "$2")" "${said//$'\n'/ | }"
}

proxy() { [[ ! -e $1/nginx.conf ]] || nginx -t -q -c "$1/nginx.conf"; }

some() {
  local stack
  network
  for stack; do
    tell rules "$stack"
    nft flush ruleset
    tell proxy "$stack"
  done
}

main() {
  export -f leaves network proxy rules some tell
  find "$1" -mindepth 1 -maxdepth 1 -type d -print0 \
    | xargs -0 -n 25 -P $((2 * $(nproc))) unshare -n bash -c 'set -uo pipefail; some "$@"' -
  echo "tried $(find "$1" -mindepth 1 -maxdepth 1 -type d | wc -l)"
}

main "$@"
