# Prints the commands of a cloud-config's `runcmd`, one a line, for sh. A command is a plain or quoted string on one
# line. Says on the console which other parts of the document are ignored.
function say(text) { print "zaffre-tiny: cloud-config: " text > "/dev/console" }

/^[A-Za-z_]+ *:/ {
    key = $0
    sub(/ *:.*/, "", key)
    if (key !~ /^(hostname|runcmd|ssh_authorized_keys)$/) say(key " is ignored")
    next
}
key == "runcmd" && /^ *- / {
    command = $0
    sub(/^ *- +/, "", command)
    if (command ~ /^[\[|>]/) {
        say("a runcmd that is not a string is ignored: " command)
        next
    }
    if (command ~ /^".*"$/) {
        command = substr(command, 2, length(command) - 2)
        gsub(/\\"/, "\"", command)
    } else if (command ~ /^'.*'$/) {
        command = substr(command, 2, length(command) - 2)
        gsub(/''/, "'", command)
    }
    print command
}
