# shellcheck shell=bash
# Part of host.sh, for hosts with nginx.

PORTWAY_NGINX_LISTEN='' MENDED=''

certificates() {
  optional fetch_certificates
  mend_certificates "$STAGE$NGINX"
}

# Whether nginx takes the certificate and key of a file. A key of another kind than the certificate's it takes as well, and then refuses
# every client. One of our own must be valid today too: it may be of a time when the clock was wrong, or ten years old.
takes() {
  local conf=/run/portway-tls.conf
  echo "events {} http { server { ssl_certificate $1; ssl_certificate_key $1; } }" >$conf
  setsid -w nginx -tqc $conf && [[ $(openssl x509 -in "$1" -noout -pubkey) == "$(openssl pkey -in "$1" -pubout)" ]] || return 1
  [[ $1 != *.self-signed.pem ]] || openssl verify -CAfile "$1" "$1"
} >/dev/null 2>&1

# nginx starts with all of its certificates or not at all. So where one is missing or damaged, a self-signed one is made: for good
# where that is what the forward has, else until the real one is there again. Made on the host, so that no key is in user-data. It is
# kept, and its key even if the rest is damaged: clients that pinned it go on working. Also run by nginx's unit when nginx did not start.
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

# What nginx hands itself there it believes, the client's address too. So the folder is for root and nginx's workers alone.
sockets() {
  local user
  user=$(sed -n 's/^user \(.*\);$/\1/p' "$1")
  install -dm 710 -g "$(id -g "$user")" /run/portway-nginx
}

# So that the running nginx can say which configuration it has. The hash is made here, where addresses are known that are not at synth.
stamp() { sed -i "s/@generation@/$(sha256sum <"$STAGE$NGINX" | cut -c-16)/" "$STAGE$NGINX"; }

try_nginx() {
  sockets "$STAGE$NGINX"
  # Beside the real one, so that relative includes are found.
  cp "$STAGE$NGINX" "$NGINX.portway-new"
  # It makes the logs that it does not find.
  umask 027
  nginx -t -q -c "$NGINX.portway-new"
  umask 022
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

# A reload says nothing about whether it worked: only the new configuration itself can tell.
start_nginx() {
  local _
  # Answers of when the clock was ahead would be kept until that time comes.
  find /var/cache/portway-* -type f -newermt '+1 hour' -delete 2>/dev/null || :
  # Where nginx connects from to applications on this host. As a route, and not as an address of an interface: programs that ask which
  # addresses are their own do not find it. UDP servers answer from 127.0.0.1, where they were asked.
  ip route replace local 169.254.80.80 dev lo src 127.0.0.1
  # One whose file was edited by hand may run what is no longer on the disk, and answer as before.
  [[ -n $MENDED || $WRITTEN == *nginx.conf* ]] || ! "$PORTWAY" nginx || return 0
  systemctl reload-or-restart nginx || die "nginx does not start: $(journalctl -qu nginx -n 4 -o cat | tr '\n' ' ')"
  for _ in {1..30}; do
    ! "$PORTWAY" nginx || return 0
    sleep 0.2
  done
  die "nginx does not take the new configuration: $(tail -qn 2 /var/log/portway/*error.log | tr '\n' ' ')"
}
