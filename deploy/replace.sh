#!/bin/sh
# Installs a new version with containers without refusing a request: `deploy/replace.sh`, beside a running `docker compose`.
#
# `docker compose up --build` replaces all web processes at once. This script starts new ones beside the old, points
# nginx to the new ones only, waits until nginx's old workers have finished their requests, and stops the old ones.
# It ends at the first step that fails: the old ones run until the new ones have replaced them.
set -eu
cd "$(dirname "$0")/.."

compose() { docker compose "$@"; }
inside_nginx() { compose exec -T nginx "$@"; }
nginx_workers() { inside_nginx sh -c 'cat /proc/$(cat /tmp/nginx.pid)/task/*/children'; }
nginx_reads() { # $1: what its upstream is, in one line
    inside_nginx sed -i "/upstream web {/,/}/ s/^ *server .*/        $1/" /tmp/nginx.conf
    inside_nginx nginx -c /tmp/nginx.conf -t -q
    inside_nginx nginx -c /tmp/nginx.conf -s reload
}

compose build
compose run --rm migrate

old=$(compose ps --quiet web)
count=$(echo "$old" | wc -l)
compose up --detach --no-deps --no-recreate --wait --scale web=$((count * 2)) web

new=""
for id in $(compose ps --quiet web); do
    echo "$old" | grep -q "$id" || new="$new server $(echo "$id" | cut -c1-12):8000 fail_timeout=2s;"
done
[ -n "$new" ] || { echo "No new web process was started; the old ones still answer." >&2; exit 1; }
before=$(nginx_workers)
nginx_reads "$new"

# nginx's old workers and the old web processes still handle requests that began before the reload.
waited=0
for worker in $before; do
    while nginx_workers | grep -qw "$worker" && [ $waited -lt 90 ]; do
        sleep 1
        waited=$((waited + 1))
    done
done
for id in $old; do
    docker stop --time 30 "$id" > /dev/null
    docker rm "$id" > /dev/null
done
nginx_reads "server web:8000 fail_timeout=2s;"

compose up --detach --no-deps --wait worker beat backup
echo "Replaced $count web processes, the workers, the scheduler and the backups."
