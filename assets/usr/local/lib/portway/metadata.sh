#!/bin/bash
# Limits who on this host may ask the EC2 metadata service, which serves user-data and the credentials of the instance's
# role: root, EC2 Instance Connect (which reads the keys of a login there) and the accounts of PORTWAY_METADATA_USERS.
# All others, and packets routed through this host, have no route to it. Run at boot by its own unit, and by host.sh.
#
# Uses routing rules and not a firewall: ip is on every image, nft and iptables are not. systemd-networkd removes
# foreign rules when it starts, but leaves those of the kernel ("protocol kernel") alone. Rules are only ever added;
# they end with the boot.
set -Eeuo pipefail

PORTWAY_METADATA_USERS=''
# shellcheck source=/dev/null
. /etc/portway/portway.env

for family in 4 6; do
  # A kernel without IPv6 has no route there anyway.
  [[ -e /proc/sys/net/ipv$family ]] || continue
  to=169.254.169.254
  ((family == 4)) || to=fd00:ec2::254
  rules=$(ip -$family rule)
  for user in root ec2-instance-connect $PORTWAY_METADATA_USERS; do
    id=$(id -u "$user" 2>/dev/null) || {
      [[ $user == ec2-* ]] || echo "warning: metadataUsers: this host has no account $user"
      continue
    }
    [[ $rules == *" $to iif lo uidrange $id-$id "* ]] \
      || ip -$family rule add pref 90 to $to iif lo uidrange "$id-$id" lookup main protocol kernel
  done
  [[ $rules == *" $to prohibit"* ]] || ip -$family rule add pref 91 to $to prohibit protocol kernel
done
