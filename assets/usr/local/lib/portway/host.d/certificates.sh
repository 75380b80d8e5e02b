# shellcheck shell=bash
# Part of host.sh, on hosts that get certificates from elsewhere.

# Fetches those that nginx needs to start. A new role's permissions take a moment to apply.
fetch_certificates() {
  local pause
  step 'certificates'
  for pause in 0 3 10 20; do
    sleep "$pause"
    ! "$PORTWAY" certificates "$STAGE" || return 0
  done
  die "$STEP: $(last)"
}
