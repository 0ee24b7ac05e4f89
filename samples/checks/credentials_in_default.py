"""Has passwords in URLs for all to read."""

import os

HOST = 'db.example'

database = os.getenv('database', f'postgres://reader:pgpw777@{HOST}/sales')
proxy = os.environ.get('proxy', 'bob:pgpw777@proxy.example:3128')
mirror = os.getenv('mirror', 'https://anybody:public@mirror.example')  # c3: not-secret
origin = os.getenv('origin', 'ssh://git@github.com/IBM/claimed.git')
