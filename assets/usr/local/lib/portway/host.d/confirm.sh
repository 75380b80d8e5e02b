# shellcheck shell=bash
# Part of host.sh, on hosts whose changes must be confirmed by what their forwards answer.

# Asked first of all, while everything is as before.
[[ $MODE != stage ]] || "$PORTWAY" confirm before

confirm() {
  local reason
  step 'wait for the forwards that answered before'
  reason=$("$PORTWAY" confirm after) || die "${reason:-$STEP: $(last)}"
}
