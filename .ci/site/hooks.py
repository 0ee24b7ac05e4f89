"""How the documentation becomes a site: its index is the navigation, and the samples are part of it.

Files of the repository that are no part of the site, such as tests, are linked where `repo_url` is known.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]
DOCS, SAMPLES = 'docs', 'samples'

# A link of Markdown: its text and its target, without a title.
LINK = re.compile(r'(?<!!)\[([^\]]*)\]\(([^)\s#:]+)(#[^)\s]*)?\)')


def on_config(config):
    """Take the navigation from the index, and give headings the anchors that code hosts give them."""
    index = (ROOT / DOCS / 'README.md').read_text(encoding='utf-8')
    config.nav = [{'Start': 'README.md'}, entry('Tutorials', 'tutorials/README.md')]
    config.nav += map(section, index.split('\n## ')[1:])
    config.nav.append({'Samples': f'{SAMPLES}/README.md'})
    config.mdx_configs['toc'] = {'slugify': anchor, 'permalink': True}
    return config


def section(text):
    """Give a part of the navigation from a table of the index."""
    title, _, table = text.partition('\n')
    return {title: [entry(*row) for row in re.findall(r'^\| \[([^\]]+)\]\(([^)]+\.md)\)', table, re.MULTILINE)]}


def entry(name, path):
    """Give an entry of the navigation; that of a folder has all its pages."""
    folder, _, last = path.rpartition('/')
    pages = sorted((ROOT / DOCS / folder).glob('*.md')) if folder and last == 'README.md' else []
    others = [page.relative_to(ROOT / DOCS).as_posix() for page in pages if page.name != last]
    return {name: [{name: path}, *others] if others else path}


def anchor(heading, separator):
    """Give the anchor of a heading: letters, digits, `_` and `-` stay, each blank becomes a `-`."""
    return re.sub(r'[^\w\- ]', '', heading.strip().lower()).replace(' ', separator)


def on_files(files, config):
    """Add the samples."""
    for path in sorted((ROOT / SAMPLES).rglob('*')):
        if path.is_file() and (path.suffix != '.md' or path.name == 'README.md' and path.parent.name == SAMPLES):
            files.append(File(path.relative_to(ROOT).as_posix(), str(ROOT), config.site_dir, use_directory_urls=False))
    return files


def on_page_markdown(markdown, page, config, files):
    """Correct links that leave the documentation."""
    uri = page.file.src_uri
    place = posixpath.dirname(uri if uri.startswith(f'{SAMPLES}/') else f'{DOCS}/{uri}')

    def corrected(match):
        text, target, fragment = match[1], match[2], match[3] or ''
        path = posixpath.normpath(posixpath.join(place, target))
        if not (ROOT / path).exists():
            return match[0]  # which the build complains of
        if path.startswith(f'{DOCS}/'):
            within = path.removeprefix(f'{DOCS}/')
        elif path == SAMPLES or path.startswith(f'{SAMPLES}/'):
            within = path if (ROOT / path).is_file() else f'{SAMPLES}/README.md'
        else:
            return f'[{text}]({config.repo_url}/blob/HEAD/{path}{fragment})' if config.repo_url else text
        return f'[{text}]({posixpath.relpath(within, posixpath.dirname(uri))}{fragment})'

    return LINK.sub(corrected, markdown)
