# shellcheck shell=bash
# What quickstart, test and .ci/run share; they source it.
# shellcheck disable=SC2034  # the lists are used there

say() { printf '==> %s\n' "$*"; }
complain() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }

# The Debian packages that the build needs. libjs-dygraphs makes the charts of a report interactive. SwiftPM asks
# pkg-config where gsl and zlib are; without it the build works too, but warns as if they were missing.
build_packages=(libgsl-dev zlib1g-dev libsqlite3-dev pkg-config libjs-dygraphs)
# The black-box tests run on the distribution's Python, so that its packages are the ones apt installs.
# The last line is what executes notebooks.
test_packages=(python3 python3-pytest python3-jsonschema python3-yaml
  jupyter-nbconvert python3-ipykernel python3-pandas python3-matplotlib)

# Published traces, which are no part of the project, are where $BALLAST_TRACES says, else beside the checkout.
find_traces() {
  if [[ -z ${BALLAST_TRACES:-} && -d ../shared/traces ]]; then
    BALLAST_TRACES=$(cd ../shared/traces && pwd)
    export BALLAST_TRACES
  fi
  [[ -n ${BALLAST_TRACES:-} ]] || say "no published traces here (\$BALLAST_TRACES): the tests on them are skipped"
}

# The tests in Python, of the command that $BALLAST names. They leave no folder behind in the checkout.
black_box_tests() {
  PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m pytest -q -p no:cacheprovider Tests/CLITests Tests/GoldenTests Tests/TwinTests "$@"
}

is_installed() {
  [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# Installs those of the named packages that are missing; asks apt for nothing when none is.
ensure_packages() {
  local package missing=() as_root=()
  if ! command -v dpkg-query >/dev/null; then
    say "this is no Debian: please see to it that you have what Debian calls $*"
    return
  fi
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  if [[ $EUID -ne 0 ]]; then
    command -v sudo >/dev/null || {
      complain "neither root nor sudo; please have these packages installed: ${missing[*]}"
      exit 69
    }
    as_root=(sudo)
  fi
  say "installing ${missing[*]}${as_root:+ (sudo may ask for your password)}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -y --no-install-recommends install "${missing[@]}" >/dev/null
}

# Swift does not come with Debian, so it cannot be installed the same way.
ensure_swift() {
  local version
  if ! command -v swift >/dev/null; then
    complain "Swift is not on the PATH; get 6.2 or later for your system from https://www.swift.org/install/linux/"
    exit 69
  fi
  version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+)\.([0-9]+).*/\1 \2/p' | head -n 1)
  local major=${version% *} minor=${version#* }
  if [[ -z $version ]] || ((major < 6 || (major == 6 && minor < 2))); then
    complain "Swift ${version/ /.} is too old; Ballast needs 6.2 or later: https://www.swift.org/install/linux/"
    exit 69
  fi
}
