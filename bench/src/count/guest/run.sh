#!/bin/bash
# Measures each subject of the job in /run/job, one after another. A subject is a folder:
#   at           the side that the application runs on: gateway or backend
#   steps/N.SIDE a script that sets up a side, in order; steps/N.in is its input
#   loads        a line each: a name, and the words of the load generator
# Prints `subject NAME`, then `sample LOAD INSTRUCTIONS IDLE` for each batch, or `failed WHY`. Ends with `done`.
set -uo pipefail
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
ulimit -n 20000

# Runs a command on a side, with its network, in the subject's files.
on() {
  local side=$1
  shift
  nsenter --net="/run/netns/$side" chroot "$files" "$@"
}

set_on() {
  local side=$1
  shift
  on "$side" sysctl -qw "$@"
}

# The addresses are those of the tests' small network.
network() {
  local side
  mkdir -p /run/netns
  for side in client gateway backend; do
    ip netns add "$side"
    ip -n "$side" link set lo up
  done
  ip link add eth0 netns client type veth peer name ens5 netns gateway
  ip link add eth0 netns backend type veth peer name ens6 netns gateway
  # Detecting duplicates of IPv6 addresses, and asking for routers, is work that no request caused.
  for side in client gateway backend; do set_on "$side" net.ipv6.conf.all.disable_ipv6=1; done
  ip -n client addr add 198.51.100.10/24 dev eth0
  ip -n gateway addr add 198.51.100.1/24 dev ens5
  ip -n gateway addr add 10.0.1.1/24 dev ens6
  ip -n backend addr add 10.0.1.10/24 dev eth0
  ip -n client link set eth0 up
  ip -n gateway link set ens5 up
  ip -n gateway link set ens6 up
  ip -n backend link set eth0 up
  ip -n client route add default via 198.51.100.1
  ip -n backend route add default via 10.0.1.1
  set_on gateway net.ipv4.ip_forward=1
  set_on client net.ipv4.tcp_tw_reuse=1 net.ipv4.ip_local_port_range='1024 65535'
}

# The system's files with an overlay in memory, so that a subject sees nothing of the one before.
own_files() {
  local own=/run/subject
  mkdir -p "$own"
  mount -t tmpfs -o size=100% tmp "$own"
  mkdir "$own"/{upper,work,files}
  files=$own/files
  mount -t overlay -o "lowerdir=/,upperdir=$own/upper,workdir=$own/work" overlay "$files"
  mount --rbind /dev "$files/dev"
  mount -t proc proc "$files/proc"
  mount -t tmpfs tmp "$files/run"
  mount -t tmpfs tmp "$files/tmp"
  mkdir "$files/run/job"
  mount --bind /run/job "$files/run/job"
  mkdir -p "$files"/run/lock "$files"/run/haproxy "$files"/var/log/{portway,nginx,caddy}
}

# Ends whatever runs in the subject's files, and gives its memory back.
take_down() {
  local root pid side
  for root in /proc/[0-9]*/root; do
    pid=${root#/proc/} pid=${pid%/root}
    [[ $(readlink "$root") != "$files" ]] || kill -KILL "$pid"
  done
  sleep 1
  for side in client gateway backend; do ip netns del "$side"; done
  umount -R /run/subject || umount -R --lazy /run/subject
}

# Sets a subject up by its steps. Their output goes to a file: what they start keeps it open.
set_up() {
  local steps=$1 step
  for step in "$steps"/*; do
    local input=${step%.*}.in
    [[ $step != "$input" ]] || continue
    [[ -e $input ]] || input=/dev/null
    on "${step##*.}" bash "$step" <"$input" >/run/said 2>&1 || {
      echo "failed ${step##*/}: $(tail -c 500 /run/said | tr '\n' ' ')"
      return 1
    }
  done
}

measure() {
  local subject=$1 name words
  set_up "$subject/steps" || return
  while read -r name words; do
    # shellcheck disable=SC2086  # a list of words
    if ! on client /run/job/load $words </dev/null >/run/samples 2>/run/said; then
      echo "failed $name: $(tail -c 500 /run/said | tr '\n' ' ')"
      return
    fi
    sed "s/^/sample $name /" /run/samples
  done <"$subject/loads"
}

libraries=(/usr/lib/*/libssl.so.3 /usr/lib/*/libcrypto.so.3 /usr/lib/*/libcurl.so.4)
tcc -Wall -Werror -o /run/job/load /run/job/*.c "${libraries[@]}" || exit
# Otherwise a batch that waits would pass for work.
/run/job/load waits >/run/said 2>&1 || echo "failed $(</run/said)"

for folder in /run/job/subjects/*; do
  subject=${folder##*/}
  echo "subject ${subject#*-}"
  own_files
  network
  on "$(<"$folder/at")" /run/job/load serve 8080 8081 &
  measure "$folder"
  take_down
done
echo 'done'
