#!/bin/bash
# First process of a test host: mounts an overlay in memory over a Debian root, enters it and stays for as long as its input
# is open, reaping what dies. Its end is the end of all that runs in there.
# Arguments: the root, a folder to mount on, the folder of the test's own support files.
set -Eeuo pipefail

main() {
  local root=$1 folder=$2 support=$3
  mount --make-rprivate /
  mount -t tmpfs -o mode=755 tmpfs "$folder"
  mkdir "$folder"/{upper,work,root}
  mount -t overlay -o "lowerdir=$root,upperdir=$folder/upper,workdir=$folder/work" overlay "$folder/root"
  mount -t proc proc "$folder/root/proc"
  mount --bind /dev "$folder/root/dev"
  mount -t tmpfs tmpfs "$folder/root/run"
  mkdir "$folder/root/support"
  mount --bind "$support" "$folder/root/support"
  hostname portway-test
  echo 0123456789abcdef0123456789abcdef >"$folder/root/etc/machine-id"
  echo '127.0.0.1 localhost portway-test' >"$folder/root/etc/hosts"
  cd "$folder/root"
  exec chroot . bash -c '
    ln -sf /support/systemctl /usr/local/sbin/systemctl
    ln -sf /support/journalctl /usr/local/sbin/journalctl
    # Pauses between retries are there for mirrors and locks, which are not tested here.
    printf "#!/bin/sh\nexec /usr/bin/sleep 0.1\n" >/usr/local/sbin/sleep
    chmod +x /usr/local/sbin/sleep
    echo ready
    while read -r _; do :; done'
}

main "$@"
