"""Registers the desktop with Guacamole; standard input has the passwords of Guacamole, of VNC and of the user."""

import os
import sys

from guacli import cli


def set_to(option, name):
    """Give an option with the value of a variable, unless that is empty."""
    value = os.environ.get(name)
    return [f'--{option}={value}'] if value else []


guacamole, vnc, sftp = sys.stdin.read().split('\0')[:3]
sys.argv[1:] = [
    *set_to('url', 'GUACAMOLE_URL'),
    *set_to('user', 'GUACAMOLE_USER'),
    f'--password={guacamole}',
    'create',
    'connection',
    *set_to('connection-group', 'GUACAMOLE_USER'),
    *set_to('guacd-host', 'GUACD_HOST'),
    *set_to('vnc-host', 'VNC_HOST'),
    f'--vnc-password={vnc}',
    *set_to('sftp-user', 'USER'),
    f'--sftp-password={sftp}',
    '--sftp-disable-file-downloads',
    '--disable-clipboard-copy',
    os.environ.get('GUACAMOLE_CONNECTION_NAME') or os.uname().nodename,
]
cli.main()
