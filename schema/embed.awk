# SPDX-License-Identifier: Apache-2.0
# Turns .sql files into C string macros.
#
# A file without "-- name: x" lines becomes one macro SQL_<FILE>; a file with
# them becomes one macro SQL_<X> for each. Comment lines are left out.

function upper(name) {
	name = toupper(name)
	gsub(/[^A-Z0-9]/, "_", name)
	return name
}

function begin(name) {
	finish()
	printf "#define SQL_%s", upper(name)
	is_open = 1
}

function finish() {
	if (is_open)
		print ""
	is_open = 0
}

FNR == 1 {
	finish()
	file = FILENAME
	sub(/.*\//, "", file)
	sub(/\.sql$/, "", file)
	named = 0
}

/^-- name: / {
	begin($3)
	named = 1
	next
}

/^[ \t]*--/ || /^[ \t]*$/ {
	next
}

{
	if (!is_open && !named)
		begin(file)
	sub(/[ \t]+-- .*$/, "")
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	printf " \\\n\t\"%s\\n\"", $0
}

END {
	finish()
}
