#!/bin/bash
# Turns a plain Debian root into what Debian's EC2 image is, as far as a gateway sees it.
# Runs inside the root (chroot), with the files of image/files/ in place.
set -Eeuo pipefail

# Services start in a machine, unlike in the roots that tests enter.
rm -f /usr/sbin/policy-rc.d

systemctl enable systemd-networkd.service application.service
# Clean-up and refresh jobs that would run at a moment of their own choosing, in the middle of what is measured.
systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer \
  e2scrub_reap.service
# There is no screen and no other login than SSH and the serial console.
systemctl mask getty@tty1.service

# An image carries no identity: cloud-init and systemd make these at the first boot.
rm -f /etc/ssh/ssh_host_*
: >/etc/machine-id
rm -f /etc/apt/sources.list /var/lib/dbus/machine-id

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
  -subj /CN=application.rehearsal.internal -keyout /tmp/key.pem -out /tmp/certificate.pem 2>/dev/null
cat /tmp/key.pem /tmp/certificate.pem >/usr/local/lib/rehearsal/application.pem
# The application has no fixed user, and the key protects nothing.
chmod 644 /usr/local/lib/rehearsal/application.pem
rm -f /tmp/key.pem /tmp/certificate.pem

update-initramfs -u
