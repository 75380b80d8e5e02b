# shellcheck shell=bash
# Part of host.sh, on hosts that route IPv6 to others.

# A kernel that forwards IPv6 ignores router advertisements. If the kernel itself processed them so far, the default
# route would be lost.
try_ipv6() {
  local device
  for device in $(ip -6 route show default proto ra | sed -nE 's/.* dev ([^ ]+).*/\1/p' | sort -u); do
    [[ $(<"/proc/sys/net/ipv6/conf/$device/accept_ra") != 1 ]] \
      || die "IPv6 forwarding would cost this host its default route: set net.ipv6.conf.$device.accept_ra = 2"
  done
}
