# shellcheck shell=bash
# Part of host.sh, for hosts with nginx.

PORTWAY_NGINX_LISTEN='' PORTWAY_SELF_SIGNED=''

# Made on the host, so that no key is in user-data, and kept: clients that pinned it go on working.
certificates() {
  local name file
  for file in $PORTWAY_SELF_SIGNED; do
    [[ ! -e $file ]] || continue
    mkdir -p "${file%/*}"
    name=${file##*/}
    (umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
      -subj "/CN=${name%%.*}" -keyout "$file.new" -out "$file.new")
    mv "$file.new" "$file"
  done
  optional fetch_certificates
}

# So that the running nginx can say which configuration it has. The hash is made here, where addresses are known that are not at synth.
stamp() { sed -i "s/@generation@/$(sha256sum <"$STAGE$NGINX" | cut -c-16)/" "$STAGE$NGINX"; }

try_nginx() {
  # Beside the real one, so that relative includes are found.
  cp "$STAGE$NGINX" "$NGINX.portway-new"
  nginx -t -q -c "$NGINX.portway-new"
  rm "$NGINX.portway-new"
}

# `nginx -t` and a reload both succeed when another program holds a port; nginx would go on with its old configuration.
listeners() {
  local listener port taken
  for listener in $PORTWAY_NGINX_LISTEN; do
    port=${listener#*/}
    taken=$(ss -Hlnp"${listener:0:1}" "sport >= :${port%-*} and sport <= :${port#*-}" | awk '!/\("nginx"/ { $1 = $1; print; exit }')
    [[ -z $taken ]] || die "nginx needs port $listener, which another program holds: $taken"
  done
}

runs() {
  python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(3)
s.connect("/run/portway-nginx.sock")
s.send(b"GET /generation HTTP/1.0\r\nHost: portway\r\n\r\n")
answer = s.makefile().read().split()[-1]
sys.exit("200 \"%s\";" % answer not in open("/etc/nginx/nginx.conf").read())' 2>/dev/null
}

# A reload says nothing about whether it worked: only the new configuration itself can tell.
start_nginx() {
  local _
  # Where nginx connects from to applications on this host. As a route, and not as an address of an interface: programs that ask which
  # addresses are their own do not find it. UDP servers answer from 127.0.0.1, where they were asked.
  ip route replace local 169.254.80.80 dev lo src 127.0.0.1
  ! runs || return 0
  systemctl reload-or-restart nginx || die "nginx does not start: $(journalctl -qu nginx -n 4 -o cat | tr '\n' ' ')"
  for _ in {1..30}; do
    ! runs || return 0
    sleep 0.2
  done
  die "nginx does not take the new configuration: $(tail -qn 2 /var/log/portway/*error.log | tr '\n' ' ')"
}
