#!/bin/bash
# Compiles the sources beside this script: the module `missing-parts` of the server that lies in this image, and a library.
set -e
home=/usr/share/elasticsearch
module=$home/modules/missing-parts
cd "$(dirname "$0")"
classpath=$(printf '%s:' $home/lib/*.jar $home/modules/x-pack-core/*.jar)
"$home/jdk/bin/java" -m jdk.compiler/com.sun.tools.javac.Main \
  --release 17 -proc:none -nowarn -cp "$classpath" -d /tmp/classes ./*.java
mkdir "$module"
"$home/jdk/bin/java" -m jdk.jartool/sun.tools.jar.Main \
  --create --file "$module/missing-parts.jar" -C /tmp/classes .
version=$(basename $home/lib/elasticsearch-core-*.jar .jar)
cat > "$module/plugin-descriptor.properties" <<END
name=missing-parts
description=What the published distribution lacks of the vendor's modules
version=1.0.0
classname=monitoring.toolchain.MissingParts
extended.plugins=x-pack-core
elasticsearch.version=${version#elasticsearch-core-}
java.version=17
END
rm -r /tmp/classes
tcc -shared -nostdlib -o /usr/local/lib/open-files.so open-files.c
