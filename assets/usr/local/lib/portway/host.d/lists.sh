# shellcheck shell=bash
# Part of host.sh, on hosts with lists to fetch.

# The table first, since what this content opens must not be open to whom it blocks, not even for a moment.
start_lists() {
  [[ $WRITTEN != */portway/lists* ]] || "$PORTWAY" lists load
  start_timer "$@"
}
