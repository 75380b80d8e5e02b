#!/bin/sh
# The application of a host that is not what it should be.
echo 'this host cannot work'
exit 3
