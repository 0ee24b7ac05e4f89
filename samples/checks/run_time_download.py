"""Downloads while it runs."""
# pip install nltk requests torch transformers

import os
import subprocess
from urllib.request import urlretrieve as fetch

import nltk
import requests as web
from transformers import AutoModel

nltk.download('punkt')
fetch('https://example.org/data.csv', 'data.csv')
AutoModel.from_pretrained('bert-base-uncased')
subprocess.run(['wget', 'https://example.org/data.csv'], check=True)

# What the user names is the user's to know.
fetch(os.getenv('url'), 'other.csv')
AutoModel.from_pretrained('./model')
AutoModel.from_pretrained('bert-base-uncased', local_files_only=True)
web.get('http://localhost:8080/')
