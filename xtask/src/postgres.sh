# A throw-away PostgreSQL, from creation to deletion. Run by postgres.rs as an unprivileged user:
#   sh -c SCRIPT purser-pg BIN DIR PORT MODE [STANDBY_PORT]
# With STANDBY_PORT a second server follows the first and every commit waits for both: what a primary acknowledged, its
# standby has. Data lies in DIR/data and DIR/standby.
# It prints `ready` once the server answers. MODE `owned` serves until standard input closes, which happens
# however the owner ends, also by Ctrl-C or SIGKILL; MODE `detached` serves until it receives SIGTERM.
set -u
bin=$1 dir=$2 port=$3 mode=$4 standby_port=${5:-}

finish() {
    trap - TERM INT EXIT
    # Nothing of this cluster is kept, so there is no reason to wait for a clean shutdown.
    for data in "$dir/standby" "$dir/data"; do
        [ -d "$data" ] && "$bin/pg_ctl" -D "$data" -m immediate -w -t 20 stop >/dev/null 2>&1
    done
    rm -rf "$dir"
    exit 0
}
trap finish TERM INT

if ! [ -w "$dir" ]; then
    echo "$(id -un) cannot write in $dir: set TMPDIR to a folder that every user can reach, such as /tmp" >&2
    exit 1
fi
if ! "$bin/initdb" -D "$dir/data" -U purser --auth=trust --encoding=UTF8 --locale=C --no-sync >"$dir/log" 2>&1; then
    cat "$dir/log" >&2
    rm -rf "$dir"
    exit 1
fi

# Durability is on as in production: a crash test against a server that lies about it shows nothing.
cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$dir'
fsync = on
synchronous_commit = on
shared_buffers = 128MB
max_connections = 100
timezone = 'UTC'
CONF

if ! "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 start >/dev/null 2>&1; then
    "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1
    # 75 asks for another port.
    status=1
    grep -q 'could not bind' "$dir/log" && status=75
    [ "$status" = 75 ] || tail -n 20 "$dir/log" >&2
    rm -rf "$dir"
    exit "$status"
fi
if [ -n "$standby_port" ]; then
    if ! {
        "$bin/pg_basebackup" -h 127.0.0.1 -p "$port" -U purser -D "$dir/standby" -R -X stream -c fast -N \
            -d 'application_name=standby' &&
            # Nobody follows it once it is promoted, so it waits for nobody.
            printf "port = %s\nsynchronous_standby_names = ''\n" "$standby_port" >>"$dir/standby/postgresql.conf" &&
            "$bin/pg_ctl" -D "$dir/standby" -l "$dir/standby.log" -w -t 60 start &&
            printf "synchronous_standby_names = 'standby'\n" >>"$dir/data/postgresql.conf" &&
            "$bin/pg_ctl" -D "$dir/data" reload
    } >"$dir/pair.log" 2>&1; then
        cat "$dir/pair.log" "$dir/standby.log" >&2
        finish
    fi
fi
echo ready

if [ "$mode" = owned ]; then
    cat >/dev/null
else
    # Nobody who waits for the end of the caller's output should wait for the server.
    exec >/dev/null 2>&1
    # A signal interrupts `wait`, never a command in the foreground.
    while "$bin/pg_ctl" -D "$dir/data" status >/dev/null 2>&1; do
        sleep 5 &
        wait $!
    done
fi
finish
