# shellcheck shell=bash
# Part of host.sh, on hosts with little memory.

PORTWAY_SWAP_MB=''

# Comes before the packages: without swap, a small host's package manager is killed for its memory.
swap() {
  local file=$STATE/swap mb=$PORTWAY_SWAP_MB memory
  memory=$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)
  [[ -n $mb ]] || mb=$((memory < 900000 ? 1024 : 0))
  if ((mb == 0)) || grep -q "^$file " /proc/swaps; then return 0; fi
  step "swap file of $mb MB"
  if [[ ! -e $file ]]; then
    (umask 077 && dd if=/dev/zero of="$file.new" bs=1M count="$mb")
    mkswap "$file.new"
    mv "$file.new" "$file"
  fi
  swapon "$file" || say 'warning: going on without swap'
}
