#!/bin/bash
# Turns a Debian root that has dnf, rpm and createrepo_c into a stand-in for Amazon Linux 2023, and makes its repository.
# Runs inside the root (chroot). Arguments: Debian's packages, this folder, the folder for the repository, a root with Python 3.9.
set -Eeuo pipefail

main() {
  local debs=$1 here=$2 repository=$3 python=$4 spec
  export HOME=/root
  for spec in "$here"/specs/*.spec; do
    rpmbuild -bb --quiet --load="$here/macros" --define "debs $debs" --define "here $here" --define '_topdir /tmp/rpm' "$spec"
  done
  mkdir -p "$repository"
  find /tmp/rpm/RPMS -name '*.rpm' -exec mv -t "$repository" {} +
  rm -rf /tmp/rpm
  rpm --initdb
  rpm -i --justdb --nodeps "$repository"/{system-release,bash,openssl,ca-certificates}-[0-9]*.rpm
  # The image's own packages are not offered again.
  rm "$repository"/{system-release,bash,openssl,ca-certificates}-[0-9]*.rpm
  createrepo_c --quiet "$repository"

  settings
  old_python "$python"
  # Debian's own package manager, and the user of its nginx, are not to be found.
  rm -f /usr/bin/apt* /usr/bin/dpkg* /usr/sbin/policy-rc.d
  sed -i /^www-data:/d /etc/passwd /etc/shadow /etc/group /etc/gshadow
}

# As on Amazon Linux, apart from where the packages are, and that nobody signed them.
settings() {
  cat >/etc/dnf/dnf.conf <<'END'
[main]
gpgcheck=1
installonly_limit=3
clean_requirements_on_remove=True
best=True
skip_if_unavailable=False
END
  mkdir -p /etc/yum.repos.d
  cat >/etc/yum.repos.d/amazonlinux.repo <<'END'
[amazonlinux]
name=Amazon Linux 2023 repository (stand-in)
baseurl=http://198.51.100.10:8001/
priority=10
enabled=1
repo_gpgcheck=0
gpgcheck=0
metadata_expire=48h
END
}

# Amazon Linux's python3 is 3.9, and its dnf runs on that. Here dnf keeps Debian's newer one; all else gets 3.9.
old_python() {
  local libraries=usr/lib/x86_64-linux-gnu
  sed -i "1s|.*|#!$(readlink -f /usr/bin/python3)|" /usr/bin/dnf-3
  cp "$1/usr/bin/python3.9" /usr/bin/
  cp -a "$1/usr/lib/python3.9" /usr/lib/
  cp -a "$1/$libraries"/lib{ssl,crypto}.so.1.1 "$1/$libraries"/libffi.so.7* "$1/$libraries"/libmpdec.so.* "/$libraries/"
  ln -sf python3.9 /usr/bin/python3
}

main "$@"
