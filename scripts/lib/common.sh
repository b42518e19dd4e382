# Shared by the scripts of this folder: where the project is, and what must be installed.
# shellcheck shell=bash
set -eu

PERD_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$PERD_ROOT"

# The libraries have versioned names in Debian 12; later releases only have the plain ones.
perd_release() {
  local VERSION_ID=
  # shellcheck disable=SC1091
  [ -r /etc/os-release ] && . /etc/os-release
  echo "${VERSION_ID%%.*}"
}

perd_build_packages() {
  echo g++ cmake ninja-build ccache pkg-config libnl-3-dev libnl-route-3-dev libyaml-cpp-dev \
    libspdlog-dev libexpected-dev libcli11-dev
  if [ "$(perd_release)" = 12 ]; then
    echo libboost1.81-dev libboost-json1.81-dev
  else
    echo libboost-dev libboost-json-dev
  fi
}

perd_test_packages() {
  echo libgtest-dev libgmock-dev iproute2 frr gobgpd tshark tcpdump iputils-ping jq python3 \
    python3-yaml procps
  perd_guest_packages
}

perd_guest_packages() {
  echo qemu-system-x86 qemu-system-common linux-image-cloud-amd64 busybox-static cpio kmod xz-utils
  [ "$(perd_release)" = 12 ] || echo virtiofsd
}

perd_demo_packages() {
  echo iproute2 frr iputils-ping python3 python3-yaml procps
  perd_guest_packages
}

perd_bench_packages() {
  echo libbenchmark-dev iproute2 frr bird2 gobgpd python3 python3-matplotlib procps util-linux
}

perd_clang_packages() {
  echo clang clang-format clang-tidy
  if [ "$(perd_release)" = 12 ]; then echo libclang-rt-14-dev; else echo libclang-rt-dev; fi
}

perd_is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# perd_install PACKAGE...: installs those that are missing. Nothing missing: no network, no root.
perd_install() {
  local missing=() package
  for package in "$@"; do
    perd_is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" != 0 ]; then
    echo "missing packages: ${missing[*]}" >&2
    echo "run this as root, or install them first: apt-get install ${missing[*]}" >&2
    exit 3
  fi
  echo "installing: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  local options=(-y -q --no-install-recommends -o Dpkg::Use-Pty=0)
  # The lists may be absent or old: refresh them, but do not fail if they suffice as they are.
  apt-get update -q || echo "apt-get update failed; trying with the lists there are" >&2
  apt-get install "${options[@]}" "${missing[@]}"
}

perd_jobs() { echo "${PERD_JOBS:-$(nproc)}"; }

# perd_configure PRESET: silent unless it fails.
perd_configure() {
  local said
  said=$(cmake --preset "$1" 2>&1) || {
    echo "$said" >&2
    return 1
  }
}

# perd_configure_and_build PRESET [TARGET...]
perd_configure_and_build() {
  local preset=$1
  shift
  echo "== building preset $preset"
  perd_configure "$preset"
  cmake --build "build/$preset" --parallel "$(perd_jobs)" ${1:+--target "$@"}
}
