#!/bin/sh
# Starts a program as soon as there is a display.
until [ -S /tmp/.X11-unix/X1 ]; do sleep 0.1; done
exec "$@"
