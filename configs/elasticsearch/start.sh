#!/bin/bash
# Starts Elasticsearch on a copy of its configuration in memory: the root file system is read-only, and the server writes its
# keystore beside its configuration.
# Usage: start.sh DIRECTORY-OF-FILES DIRECTORY-FOR-THE-COPY
set -euo pipefail
files=$1
export ES_PATH_CONF=$2
umask 0077

# A container that starts again finds the last one's copy, whose files no one may write.
rm -rf "$ES_PATH_CONF"
mkdir -p "$ES_PATH_CONF/certificates" "$ES_PATH_CONF/jvm.options.d"
cp -R /usr/share/elasticsearch/config/. "$ES_PATH_CONF"
cp "$files/elasticsearch.yml" "$ES_PATH_CONF/elasticsearch.yml"
cp "$files/jvm.options" "$ES_PATH_CONF/jvm.options.d/pyairtable.options"
cp "$files/secrets/ca.crt" "$files/secrets/node.crt" "$files/secrets/node.key" "$ES_PATH_CONF/certificates/"

# The password of the user elastic, for as long as nobody changes it through the API.
elasticsearch-keystore add --stdin --force bootstrap.password < "$files/secrets/elastic-password"

exec /usr/local/bin/docker-entrypoint.sh eswrapper
