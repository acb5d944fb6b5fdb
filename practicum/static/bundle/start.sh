#!/bin/sh
# Sets the course up from this bundle and opens it, on Linux and macOS:  sh start.sh
# Looks for a Python that the bundle has packages for; start.py does the rest. Options: sh start.sh --help
case $0 in
  */*) here=${0%/*} ;;
  *) here=. ;;
esac
tried=""
for python in ${PYTHON:+"$PYTHON"} python3.13 python3.12 python3.11 python3 python; do
  command -v "$python" >/dev/null 2>&1 || continue
  version=$("$python" --version 2>&1) || continue
  if why=$("$python" "$here/start.py" --fits 2>/dev/null); then
    PYTHONUTF8=1 exec "$python" "$here/start.py" "$@"
  fi
  tried="$tried
  $python ($version): ${why:-it is too old}"
done
if [ -z "$tried" ]; then
  echo "There is no Python on this machine. Install Python 3.11, 3.12 or 3.13 (README.txt says which has packages here), then start again." >&2
else
  echo "No Python on this machine can use this bundle:$tried
Install one that README.txt names, or ask for a bundle for this machine." >&2
fi
if [ -e "$here/site/index.html" ]; then
  echo "To read the course meanwhile, without Python, open $here/site/index.html" >&2
fi
exit 1
