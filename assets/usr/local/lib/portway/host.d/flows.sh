# shellcheck shell=bash
# Part of host.sh, on hosts that forward to other hosts.

# Whatever the rules have come to forbid holds for flows in the flow table too, since loading it empties it. Only a
# warning if it fails: a kernel without flow tables still forwards.
carry_flows() {
  if [[ -e $1/etc/portway/flows.nft ]]; then
    "$PORTWAY" flows || say "WARNING: no flow is carried past the rules: $(last)"
  else
    nft delete table inet portway_flows 2>/dev/null || :
  fi
}
