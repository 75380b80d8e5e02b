# shellcheck shell=bash
# Part of host.sh, on hosts with nginx.

PORTWAY_NGINX_LISTEN='' MENDED=''

certificates() {
  optional fetch_certificates
  mend_certificates "$STAGE$NGINX"
}

# Whether nginx accepts the certificate and key in a file. nginx also accepts a key of another kind than the
# certificate's, and then refuses every client. A certificate of our own must also be valid today: it may date from a
# time when the clock was wrong, or be ten years old.
takes() {
  local conf=/run/portway-tls.conf user
  # As its default user, nginx would take the folders for temporary files away from the running workers.
  user=$(grep -hs '^user ' "$STAGE$NGINX" /etc/nginx/nginx.conf | head -n 1) || :
  echo "$user events {} http { server { ssl_certificate $1; ssl_certificate_key $1; } }" >$conf
  setsid -w nginx -tqc $conf && [[ $(openssl x509 -in "$1" -noout -pubkey) == "$(openssl pkey -in "$1" -pubout)" ]] || return 1
  [[ $1 != *.self-signed.pem ]] || openssl verify -CAfile "$1" "$1"
} >/dev/null 2>&1

# nginx starts with all of its certificates or not at all. So a self-signed one replaces each that is missing or
# damaged: permanently if the forward is self-signed, else until the real one is back. It is made on the host, so that
# no key is in user-data. It is kept, and so is its key if only the rest is damaged, so that clients that pinned it keep
# working. nginx's unit runs this too when nginx did not start.
mend_certificates() {
  local file name
  while read -r file; do
    ! takes "$file" || continue
    name=${file##*/}
    mkdir -p "${file%/*}"
    rm -f "$file.new"
    (umask 077 && : >"$file.new")
    if openssl pkey -in "$file" -passin pass: -noout -text 2>&1 | grep P-256 >/dev/null; then
      openssl pkey -in "$file" -passin pass:
    else
      openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256
    fi >"$file.new"
    # shellcheck disable=SC2094 # the key is read before anything is written
    openssl req -x509 -key "$file.new" -days 3650 -subj "/CN=${name%%.*}" >>"$file.new"
    if [[ -e $file ]]; then
      echo "portway: certificate $file was damaged or out of date: a self-signed one stands in"
      [[ $file == *.self-signed.pem ]] || sed -i '1i # stands in' "$file.new"
      [[ ! -d $file ]] || rm -r "$file"
    fi
    sync "$file.new"
    mv "$file.new" "$file"
    MENDED=1
  done < <(sed -n 's/^ *ssl_certificate \(.*\);$/\1/p' "$1" | sort -u)
}

# nginx trusts whatever arrives at these sockets, including the client's address. So only root and nginx's workers may
# enter the folder.
sockets() {
  local user
  user=$(sed -n 's/^user \(.*\);$/\1/p' "$1")
  install -dm 710 -g "$(id -g "$user")" /run/portway-nginx
}

# Lets the running nginx report which configuration it has. The hash is made here, where addresses are known that synth
# does not know.
stamp() { sed -i "s/@generation@/$(sha256sum <"$STAGE$NGINX" | cut -c-16)/" "$STAGE$NGINX"; }

# Rules that bound clients with slow requests. Only a warning if they fail: a kernel without them still forwards.
readonly HEADS=/etc/portway/heads.nft
bound_heads() {
  if [[ ! -e $1$HEADS ]]; then
    nft delete table inet portway_heads 2>/dev/null || :
  elif [[ $WRITTEN == *$HEADS* ]] || ! nft list chain inet portway_heads heard >/dev/null 2>&1; then
    nft -f "$1$HEADS" || say 'WARNING: slow requests are not bounded'
  fi
}

try_nginx() {
  sockets "$STAGE$NGINX"
  # In the same folder as the real file, so that relative includes work.
  cp "$STAGE$NGINX" "$NGINX.portway-new"
  # nginx creates log files that do not exist.
  umask 027
  nginx -t -q -c "$NGINX.portway-new"
  umask 022
  rm "$NGINX.portway-new"
}

# Even if another program holds a port, `nginx -t` and a reload succeed, and nginx goes on with its old configuration.
listeners() {
  local listener port taken
  for listener in $PORTWAY_NGINX_LISTEN; do
    port=${listener#*/}
    taken=$(ss -Hlnp"${listener:0:1}" "sport >= :${port%-*} and sport <= :${port#*-}" | awk '!/\("nginx"/ { $1 = $1; print; exit }')
    [[ -z $taken ]] || die "nginx needs port $listener, which another program holds: $taken"
  done
}

# A reload does not report whether it worked. Only the new configuration itself can.
start_nginx() {
  local _
  bound_heads "$1"
  # Cached answers from a time when the clock was ahead would be kept until then.
  find /var/cache/portway-* -type f -newermt '+1 hour' -delete 2>/dev/null || :
  # The address from which nginx connects to applications on this host. It is a route, not an interface's address, so
  # programs that list their own addresses do not find it. UDP servers still answer from 127.0.0.1, where they were
  # asked.
  ip route replace local 169.254.80.80 dev lo src 127.0.0.1
  # If the file was edited by hand, nginx may run what is no longer on the disk, and answer as before.
  [[ -n $MENDED || $WRITTEN == *nginx.conf* ]] || ! "$PORTWAY" nginx || return 0
  systemctl reload-or-restart nginx || die "nginx does not start: $(journalctl -qu nginx -n 4 -o cat | tr '\n' ' ')"
  for _ in {1..30}; do
    ! "$PORTWAY" nginx || return 0
    sleep 0.2
  done
  die "nginx does not take the new configuration: $(tail -qn 2 /var/log/portway/*error.log | tr '\n' ' ')"
}
