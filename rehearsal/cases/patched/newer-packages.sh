#!/bin/bash
# Makes a repository on the host's own disk with a newer version of packages that are installed: the same files in a
# package with a higher version, and another nginx.conf. Argument: the packages.
set -Eeuo pipefail

readonly REPOSITORY=/repository INFO=/var/lib/dpkg/info

repack() {
  local name=$1 tree=$REPOSITORY/$1 file
  mkdir -p "$tree/DEBIAN"
  dpkg -s "$name" | awk '/^(Status|Conffiles):/ { skip = 1; next } /^ / && skip { next } { skip = 0 } /^Version:/ { $2 = $2 "+portway1" } { print }' \
    | sed 's/(= \([^)]*\))/(>= \1)/g' >"$tree/DEBIAN/control"
  for file in "$INFO/$name".{preinst,postinst,prerm,postrm,conffiles,config,templates,triggers}; do
    [[ ! -e $file ]] || cp -p "$file" "$tree/DEBIAN/${file##*.}"
  done
  while read -r file; do
    # Documentation may be missing from a small root.
    if [[ -L $file || (-e $file && ! -d $file) ]]; then
      mkdir -p "$tree${file%/*}"
      cp -a "$file" "$tree$file"
    fi
  done < <(dpkg -L "$name" | grep '^/.' | grep -v '^/\.$')
  [[ ! -e $tree/etc/nginx/nginx.conf ]] || echo '# of the newer package' >"$tree/etc/nginx/nginx.conf"
  dpkg-deb -Znone --build "$tree" "$REPOSITORY/$name.deb" >&2
  cat "$tree/DEBIAN/control"
  echo "Filename: ./$name.deb"
  echo "Size: $(stat -c %s "$REPOSITORY/$name.deb")"
  echo "SHA256: $(sha256sum "$REPOSITORY/$name.deb" | cut -d ' ' -f 1)"
  echo
}

mkdir -p "$REPOSITORY"
for name in "$@"; do repack "$name"; done >"$REPOSITORY/Packages"
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
echo "deb [trusted=yes] file:$REPOSITORY ./" >/etc/apt/sources.list
