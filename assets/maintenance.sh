#!/bin/bash
# Closes the HTTP and HTTPS forwards for maintenance and opens them again, without a deploy and without a reload: nginx looks for
# these files at each request. A restart of the host changes nothing.
#
#   maintenance.sh on [ADDRESS...]   503 for everyone but these clients
#   maintenance.sh off
#   maintenance.sh                   tell which
set -Eeuo pipefail
readonly DIR=/etc/portway/closed

main() {
  local address file clients=()
  case ${1:-} in
    on)
      for address in "${@:2}"; do
        # The one form in which nginx writes it.
        clients+=("$(python3 -c 'import ipaddress, sys; print(ipaddress.ip_address(sys.argv[1]))' "$address" 2>/dev/null)") || {
          echo "maintenance: must be an IPv4 or IPv6 address, got: $address" >&2
          exit 2
        }
      done
      # Closed first, and then opened to some: nobody slips through.
      install -d "$DIR"
      : >"$DIR/all"
      for file in "$DIR"/*; do [[ $file == "$DIR/all" ]] || rm "$file"; done
      for address in "${clients[@]}"; do : >"$DIR/$address"; done
      ;;
    off) rm -rf "$DIR" ;;
    '') ;;
    *)
      echo 'usage: maintenance on [ADDRESS...] | off' >&2
      exit 2
      ;;
  esac
  if [[ -e $DIR/all ]]; then
    echo "maintenance: on except for $(find "$DIR" -type f ! -name all -printf "%f ")"
  else
    echo 'maintenance: off'
  fi
}

main "$@"
