#!/bin/sh
# Runs PROGRAM, the artifact of a build task; what it finds goes to the log and to results.xml.
set -eu
chmod +x "$PROGRAM"
"./$PROGRAM" --colour-mode ansi --reporter console --reporter junit::out=results.xml
