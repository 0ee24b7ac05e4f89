"""Names that mean one thing here and another there."""
# pip install nltk wget

import nltk as n
from nltk import download as d
from wget import download

fetch = n.download


class Box:
    def download(self, what, others):
        # A method of the same name; `download` itself is the function that is imported.
        download('https://example.org/in_method.csv')
        return [n.name for n in others]


def of_parameter(n, d):
    n.download('no download')
    d('no download')


def of_variable():
    n = Box()
    n.download('no download', [])


def of_import():
    import subprocess as s

    s.run(['wget', 'https://example.org/in_function.csv'], check=True)


def of_module():
    global n
    n.download('in_global')


def of_lambda():
    return lambda fetch: fetch('no download')


fetch('by_another_name')
boxes = [n.download('no download') for n in [Box()]]
[d(n) for _ in boxes]

s = Box()
s.run(['wget', 'https://example.org/no_download.csv'])

try:
    import gdown as g
except ImportError:
    g = None
g.download('perhaps')

if boxes:
    d = print
else:
    d('in_the_other_branch')

fetch = Box().download
fetch('no download', [])
