#!/bin/sh
# Clones REPOSITORY at REVISION and compiles PROGRAM, a target of its build.
set -eu

step() { printf '\033[1;34m== %s\033[0m\n' "$*"; }

# Git reads a repository of another user only when it is told to.
printf '[include]\n\tpath = ~/.gitconfig\n[safe]\n\tdirectory = *\n' >gitconfig
export GIT_CONFIG_GLOBAL="$PWD/gitconfig"

step "clone $REPOSITORY"
git clone --quiet --no-checkout "$REPOSITORY" source
git -C source -c advice.detachedHead=false checkout --quiet "$REVISION"
git -C source log -1 --format='%h %s'

step "configure"
(cd source && cmake --preset release)

step "compile $PROGRAM"
cmake --build source/build/release --target "$PROGRAM"
cp "$(find source/build/release -type f -name "$PROGRAM" -perm -u+x)" "$PROGRAM"
ls -l "$PROGRAM"
