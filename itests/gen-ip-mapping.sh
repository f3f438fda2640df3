#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# gen-ip-mapping.sh FILENAME INTERVAL: every INTERVAL seconds, write to FILENAME
# a line "IP NAME" for each address of each container that runs under docker
# and podman, as the plugin sourceipmap reads them. FILENAME is replaced as a
# whole: mount its directory into a container, not the file itself.
set -euo pipefail

if (($# != 2)) || ! [[ $2 =~ ^[0-9]+(\.[0-9]+)?$ ]]; then
	echo "usage: ${0##*/} FILENAME INTERVAL" >&2
	exit 2
fi
file=$1 interval=$2
# shellcheck disable=SC2016 # Go's variables, not the shell's
template='{{$name := .Name}}{{range .NetworkSettings.Networks}}
{{.IPAddress}} {{$name}}
{{.GlobalIPv6Address}} {{$name}}{{end}}'

# Addresses and names of what a runtime runs; nothing if there is no such runtime.
addresses()
{
	local runtime=$1 ids

	command -v "$runtime" > /dev/null || return 0
	mapfile -t ids < <("$runtime" ps --quiet 2> /dev/null)
	((${#ids[@]})) || return 0
	# One that ends meanwhile costs nothing but its own lines. Docker begins names with a slash.
	"$runtime" inspect --type container --format "$template" "${ids[@]}" 2> /dev/null |
		sed -nE 's#^([0-9a-fA-F.:]+) /?(.+)$#\1 \2#p' || true
}

new=$(mktemp "$(dirname "$file")/.${file##*/}.XXXXXX")
sleeper=
trap 'rm -f "$new"; [[ $sleeper ]] && kill "$sleeper" 2> /dev/null' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
chmod 644 "$new"
while true; do
	{ addresses docker; addresses podman; } | sort -u > "$new"
	cp -p "$new" "$new.next"
	mv "$new.next" "$file"
	# In the background, since a signal is taken only between commands.
	sleep "$interval" &
	sleeper=$!
	wait "$sleeper"
done
