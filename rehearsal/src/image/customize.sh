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
# What this machine has no use for: a screen, huge pages, kernel debugging, foreign binaries, crash stores, a network and
# credentials out of the kernel's command line, a seed (it has a random generator). Each of them is a process at every
# boot, and a process takes up to a second in an emulated CPU.
systemctl mask getty@tty1.service dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
  sys-fs-fuse-connections.mount proc-sys-fs-binfmt_misc.automount systemd-binfmt.service systemd-pstore.service \
  modprobe@drm.service modprobe@efi_pstore.service modprobe@configfs.service modprobe@fuse.service \
  dev-mqueue.mount run-lock.mount sys-kernel-config.mount kmod-static-nodes.service \
  systemd-network-generator.service systemd-udev-load-credentials.service systemd-random-seed.service \
  systemd-hibernate-clear.service systemd-tmpfiles-setup-dev-early.service
# Rules for devices that it has not: udev goes through all of them for each of some hundred that it has. The power button
# needs 60-input-id and 70-power-switch.
mkdir -p /etc/udev/rules.d
for rules in 50-firmware 60-autosuspend 60-cdrom_id 60-drm 60-evdev 60-fido-id 60-infiniband 60-persistent-alsa \
  60-persistent-input 60-persistent-storage-mtd 60-persistent-storage-tape 60-persistent-v4l 60-sensor 64-btrfs \
  66-azure-ephemeral 70-camera 70-joystick 70-memory 70-mouse 70-touchpad 70-uaccess 71-seat 73-seat-late \
  75-probe_mtd 78-sound-card 90-iocost 96-e2scrub; do
  ln -sf /dev/null "/etc/udev/rules.d/$rules.rules"
done
# Nor for a service manager of each user who logs in, which is another systemd with its generators.
systemctl mask user@.service systemd-hostnamed.service systemd-hostnamed.socket
# The same for generators, which run again at each reload of systemd. Nobody logs in on the serial console: it has no password.
mkdir -p /etc/systemd/system-generators
for generator in debug getty gpt-auto hibernate-resume rc-local run ssh system-update sysv tpm2; do
  ln -sf /dev/null "/etc/systemd/system-generators/systemd-$generator-generator"
done

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

# AWS's services are known by public CAs; what stands for them here, by itself.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj '/CN=AWS of the rehearsal' \
  -addext 'subjectAltName=DNS:*.us-east-1.amazonaws.com' -keyout /tmp/key.pem -out /usr/local/share/ca-certificates/aws.crt \
  2>/dev/null
update-ca-certificates >/dev/null
cat /tmp/key.pem /usr/local/share/ca-certificates/aws.crt >/tmp/aws.pem
rm -f /tmp/key.pem

# The caches of /usr are as new as /usr: nothing to make again at the first boot.
touch /etc/.updated /var/.updated
