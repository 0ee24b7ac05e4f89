"""Has a password for all to read."""

import os

password = os.getenv('db_password', 'hunter2')
