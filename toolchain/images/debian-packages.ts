// Debian 12's packages: what bash, curl and Java link to, and nothing that they only load for a screen or a printer.
export const bash = ["bash", "libc6", "libtinfo6"];
export const curl = [
  "curl",
  "libbrotli1",
  "libcom-err2",
  "libcurl4",
  "libffi8",
  "libgmp10",
  "libgnutls30",
  "libgssapi-krb5-2",
  "libhogweed6",
  "libidn2-0",
  "libk5crypto3",
  "libkeyutils1",
  "libkrb5-3",
  "libkrb5support0",
  "libldap-2.5-0",
  "libnettle8",
  "libnghttp2-14",
  "libp11-kit0",
  "libpsl5",
  "librtmp1",
  "libsasl2-2",
  "libssh2-1",
  "libssl3",
  "libtasn1-6",
  "libunistring2",
  "libzstd1",
  "zlib1g",
];
export const java = ["openjdk-17-jre-headless", "libgcc-s1", "libstdc++6"];

const architecture = process.arch === "x64" ? "amd64" : process.arch;

/** Where the packages of `java` have it. */
export const javaHome = `/usr/lib/jvm/java-17-openjdk-${architecture}`;
