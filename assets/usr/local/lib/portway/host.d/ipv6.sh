# shellcheck shell=bash
# Part of host.sh, for hosts that lead IPv6 to others.

# A kernel that forwards IPv6 takes no more router advertisements: where it did so itself, the way out would be gone.
try_ipv6() {
  local device
  for device in $(ip -6 route show default proto ra | sed -nE 's/.* dev ([^ ]+).*/\1/p' | sort -u); do
    [[ $(<"/proc/sys/net/ipv6/conf/$device/accept_ra") != 1 ]] \
      || die "IPv6 forwarding would cost this host its default route: set net.ipv6.conf.$device.accept_ra = 2"
  done
}
