#!/bin/bash
# Who on this host may ask the EC2 metadata service, which tells user-data and the credentials of the instance's role: root, EC2
# Instance Connect (which reads the keys of a login there) and the accounts of PORTWAY_METADATA_USERS. For everyone else, and for
# packets that are routed through this host, there is no route to it. Run at boot by a unit of its own, and by host.sh.
#
# Routing rules and not a firewall: ip is on every image, nft and iptables are not. As rules of the kernel's own ("protocol kernel")
# they are left alone by systemd-networkd, which removes others when it starts. They are only added: they end with the boot.
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
