"""An executed notebook as a page of HTML that needs nothing beside it."""

from __future__ import annotations

from typing import Any

from .interface import standard

html, regex = standard('html'), standard('re')

# What moves a terminal's cursor or changes its colours, and what was written over.
CONTROL, OVERWRITTEN, TAKEN_BACK = r'\x1b\[[0-9;?]*[A-Za-z]', r'[^\n]*\r(?=[^\r\n])', r'[^\n\x08]\x08'

STYLE = """
body { margin: 0 auto; max-width: 60rem; padding: 1rem; color: #1b1b1b; background: #fff }
body { font: 1rem/1.5 system-ui, sans-serif }
pre, code { font: 0.875rem/1.45 ui-monospace, monospace }
pre { margin: 0; padding: 0.5rem 0.75rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere }
section { margin: 1rem 0 }
.source { background: #f5f5f5; border-left: 3px solid #767676 }
.injected .source { border-color: #6a1b9a }
.count { color: #595959; font: 0.75rem ui-monospace, monospace }
.stderr { background: #fff4e5 }
.error { background: #fdecea; border-left: 3px solid #b3261e }
.output { overflow-x: auto }
.output img, .output svg { max-width: 100%; height: auto }
table { border-collapse: collapse; font-size: 0.875rem }
td, th { padding: 0.25rem 0.5rem; border-bottom: 1px solid #d0d0d0; text-align: right }
.err { border: 0 !important }
"""

# Forms of what is displayed, the best first.
PICTURES = ('image/png', 'image/jpeg', 'image/gif', 'image/webp')
TEXTS = ('text/markdown', 'text/latex', 'text/plain')


def page_of(name: str, pairs: list[tuple[dict[str, Any], str | None]]) -> str:
    """Give the page of a notebook's cells, each with the HTML of its prose."""
    title = html.escape(name)
    body = '\n'.join(section(cell, prose) for cell, prose in pairs)
    style = STYLE + colours()
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    return (
        f'<!doctype html>\n<html lang="en">\n<head>{head}\n<style>{style}</style></head>\n'
        f'<body>\n<main aria-label="{title}">\n{body}\n</main>\n</body>\n</html>\n'
    )


def section(cell: dict[str, Any], prose: str | None) -> str:
    """Give a cell."""
    if prose is not None:
        return f'<section>{prose}</section>'
    source = ''.join(cell['source'])
    if cell['cell_type'] != 'code':
        return f'<section>{preformatted(source)}</section>'
    kind = ' class="injected"' if 'injected-parameters' in (cell['metadata'].get('tags') or []) else ''
    count = cell.get('execution_count') or ' '
    parts = [f'<div class="count">[{count}]</div>', f'<pre class="source"><code>{coloured(source)}</code></pre>']
    parts += [f'<div class="output">{output_of(output)}</div>' for output in cell['outputs']]
    return f'<section{kind}>{"".join(parts)}</section>'


def output_of(output: dict[str, Any]) -> str:
    """Give an output of a cell."""
    if output['output_type'] == 'stream':
        return preformatted(''.join(output['text']), output['name'])
    if output['output_type'] == 'error':
        return preformatted('\n'.join(output['traceback']), 'error')
    data = {kind: ''.join(part) if isinstance(part, list) else part for kind, part in output['data'].items()}
    for kind in ('text/html', 'image/svg+xml'):
        if kind in data:
            return str(data[kind])
    told = html.escape(str(data.get('text/plain', 'picture')))
    for kind in PICTURES:
        if kind in data:
            return f'<img alt="{told}" src="data:{kind};base64,{data[kind].strip()}">'
    return preformatted(str(next((data[kind] for kind in TEXTS if kind in data), next(iter(data.values()), ''))))


def preformatted(text: str, kind: str = '') -> str:
    """Give a text as it is."""
    named = f' class="{kind}"' if kind else ''
    return f'<pre{named}>{html.escape(regex.sub(CONTROL, "", readable(text)), quote=False)}</pre>'


def readable(text: str) -> str:
    """Give what a terminal would show in the end: progress bars write over themselves."""
    if '\r' in text:
        text = regex.sub(OVERWRITTEN, '', text.replace('\r\n', '\n'))
    while '\b' in text and regex.search(TAKEN_BACK, text):
        text = regex.sub(TAKEN_BACK, '', text)
    return text


def coloured(source: str) -> str:
    """Give code in colours, where that can be done."""
    try:
        pygments: Any = __import__('pygments.lexers.python').lexers.python
        formatter = __import__('pygments.formatters.html').formatters.html.HtmlFormatter(nowrap=True)
        lexer = pygments.PythonLexer(stripnl=False)
        return str(__import__('pygments').highlight(source, lexer, formatter)).rstrip('\n')
    except Exception:
        return str(html.escape(source, quote=False))


def colours() -> str:
    """Give the style of code in colours."""
    try:
        formatters: Any = __import__('pygments.formatters.html').formatters.html
        return str(formatters.HtmlFormatter(style='default').get_style_defs('.source'))
    except Exception:
        return ''
