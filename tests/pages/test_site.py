"""The documentation as a site: it is built without a complaint, and every link in it leads somewhere."""

import os
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATE = Path(os.environ.get('C3_ENGINES', ROOT / 'target/engines')).resolve()
CONFIG = ROOT / '.ci/site/mkdocs.yml'

# What a browser loads by itself, by element and attribute.
LOADED = {('script', 'src'), ('img', 'src'), ('link', 'href'), ('iframe', 'src'), ('object', 'data')}


class Page(HTMLParser):
    """The anchors of a page, its links, and what it loads."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.links, self.loaded = set(), [], []
        self.feed(path.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.anchors |= {found[name] for name in ('id', 'name') if found.get(name)}
        if tag == 'a' and found.get('href'):
            self.links.append(found['href'])
        self.loaded += [found[name] for element, name in LOADED if element == tag and found.get(name)]


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    """Build the site."""
    folder = tmp_path_factory.mktemp('site')
    command = [STATE / 'ci/bin/mkdocs', 'build', '--quiet', '-f', CONFIG, '-d', folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, '')
    return folder


@pytest.fixture(scope='module')
def pages(site):
    """Read all pages."""
    return {path: Page(path) for path in sorted(site.rglob('*.html')) if path.name != '404.html'}


def is_foreign(link):
    """Check whether a link leaves the site."""
    return link.partition(':')[0] in ('http', 'https', 'mailto') or link.startswith('//')


def test_no_link_is_broken(pages):
    broken = []
    for path, page in pages.items():
        for link in [*page.links, *page.loaded]:
            if is_foreign(link):
                continue
            target, anchor = urldefrag(link)
            place = (path.parent / unquote(target)).resolve() if target else path
            is_there = place.is_file() and (not anchor or place not in pages or anchor in pages[place].anchors)
            if not is_there:
                broken.append(f'{path.name}: {link}')
    assert broken == []
    assert sum(len(page.links) for page in pages.values()) > 1000


def test_pages_load_nothing_from_other_hosts(pages):
    assert [link for page in pages.values() for link in page.loaded if is_foreign(link)] == []


def test_every_page_is_in_the_index(site, pages):
    index = pages[site / 'index.html']
    linked = {(site / urldefrag(link)[0]).resolve() for link in index.links if not is_foreign(link)}
    assert [path.name for path in pages if path not in linked] == []


def test_pages_contain_titles_text_and_samples(site):
    assert 'executed_notebook' in (site / 'sources.html').read_text(encoding='utf-8')
    assert '<title>Install - c3</title>' in (site / 'install.html').read_text(encoding='utf-8')
    assert (site / 'samples/example_script.py').read_bytes() == (ROOT / 'samples/example_script.py').read_bytes()
