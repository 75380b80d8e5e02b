# shellcheck shell=bash
# Part of host.sh, for hosts that have certificates from elsewhere.

# Those without which nginx does not start. Rights of a new role take a moment until they hold.
fetch_certificates() {
  local pause
  step 'certificates'
  for pause in 0 3 10 20; do
    sleep "$pause"
    ! "$PORTWAY" certificates "$STAGE" || return 0
  done
  die "$STEP: $(last)"
}
