#!/bin/sh
# The page at /: what this guest is. A file /www/index.html takes its place.
addresses=$(cat /run/lease-* 2> /dev/null | sed -e 's/.*/"&"/' | tr '\n' ',' | sed -e 's/,$//')
printf 'Content-Type: application/json\r\n\r\n'
printf '{"hostname": "%s", "instance_id": "%s", "addresses": [%s], "uptime_s": %s}\n' \
    "$(hostname)" "$(cat /run/instance-id)" "$addresses" "$(cut -d ' ' -f 1 /proc/uptime)"
