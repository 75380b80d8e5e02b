#!/bin/bash
# What a team might bring: here only a mark that it ran.
set -eu
echo "first boot of $(hostname)" >/var/log/first-boot.log
