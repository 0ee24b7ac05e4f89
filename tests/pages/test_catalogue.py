"""The pages of `c3 catalogue` in a real browser, Debian's Chromium: by mouse, by keyboard, on a telephone, without scripts.

What a screen reader needs is judged by axe-core, with its rules of WCAG 2.1 A and AA and its best practices.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
C3 = Path(os.environ.get('C3', ROOT / 'target/debug/c3')).resolve()

DESKTOP = {'viewport': {'width': 1280, 'height': 800}, 'color_scheme': 'light'}
# The narrowest width at which WCAG asks for pages without a horizontal scroll bar.
TELEPHONE = {'viewport': {'width': 320, 'height': 640}, 'color_scheme': 'dark', 'has_touch': True}


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    """Make the catalogue of the samples, with files for some targets, a workflow, and sources."""
    folder = tmp_path_factory.mktemp('library')
    samples, pages = folder / 'samples', folder / 'pages'
    shutil.copytree(ROOT / 'samples', samples)
    steps = [f'workflow/{name}.py' for name in ('make_table', 'sum_table', 'write_letter')]
    for line in (
        ['compile', '-r', 'registry.example/team', '--target', 'kubernetes,cwl', *steps],
        ['create-workflow', '--target', 'cwl', '--name', 'letter', *steps],
        ['catalogue', '.', '--source', '-o', pages],
    ):
        done = subprocess.run([C3, *line], cwd=samples, capture_output=True, text=True, timeout=120, check=False)
        # Some samples can't be read, on purpose.
        assert done.returncode == (1 if line[0] == 'catalogue' else 0), done.stderr
    return pages


@pytest.fixture(scope='module')
def browser():
    """Start the browser."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which('chromium'), args=['--no-sandbox'])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """Give a function that opens a page in a window of its own; what it complains of, or loads from elsewhere, is an error."""
    contexts, complaints = [], []

    def opened(path, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on('pageerror', lambda error: complaints.append(str(error)))
        page.on('console', lambda message: complaints.append(message.text))
        page.on('request', lambda request: request.url.startswith('file:') or complaints.append(request.url))
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def judged(page):
    """List what axe finds wrong with a page."""
    found = Axe().run(page).response['violations']
    return [(one['id'], one['nodes'][0]['html']) for one in found]


@pytest.mark.parametrize('device', [DESKTOP, TELEPHONE], ids=['desktop', 'telephone'])
@pytest.mark.parametrize('name', ['index', 'operators/doubtful', 'operators/write-letter', 'workflows/letter'])
def test_pages_pass_accessibility_checks(site, open_page, name, device):
    # The judge is a script of its own, which the pages' policy forbids.
    assert judged(open_page(site / f'{name}.html', bypass_csp=True, **device)) == []


def test_accessibility_checker_detects_violations(site, open_page):
    page = open_page(site / 'index.html', bypass_csp=True)
    page.evaluate('document.querySelector("label").remove()')
    page.evaluate('document.querySelector(".cards p").style.color = "#ddd"')
    assert {code for code, _ in judged(page)} == {'color-contrast', 'label'}


def test_pages_fit_a_phone_screen(site, open_page):
    page = open_page(site / 'index.html', **TELEPHONE)
    paths = sorted(site.rglob('*.html'))
    assert len(paths) > 30
    wide = []
    for path in paths:
        page.goto(path.as_uri())
        if page.evaluate('document.documentElement.scrollWidth > window.innerWidth'):
            wide.append(path.name)
    assert wide == []


def test_an_operator_is_found_by_keyboard(site, open_page):
    page = open_page(site / 'index.html', **DESKTOP)
    cards = page.locator('[data-words]')
    number = cards.count()
    page.keyboard.press('Tab')
    assert page.evaluate('document.activeElement.className') == 'skip'
    page.keyboard.press('/')
    page.keyboard.type('LETTER write')
    visible = [text for text in cards.locator('visible=true').all_inner_texts() if text]
    assert len(visible) == 1
    assert visible[0].startswith('write-letter')
    assert page.locator('#count').inner_text() == f'1 of {number} found'
    page.keyboard.press('Tab')
    page.keyboard.press('Enter')
    page.wait_for_url('**/operators/write-letter.html')
    assert page.locator('h1').inner_text() == 'write-letter'
    page.go_back()
    page.locator('#words').fill('no such words')
    assert cards.locator('visible=true').count() == 0


# Notes what the text of the element with the focus becomes.
CHANGE = """() => {
  const element = document.activeElement, options = { childList: true, characterData: true, subtree: true };
  window.change = new Promise(note => new MutationObserver(() => note(element.textContent)).observe(element, options));
}"""


def test_copy_buttons_copy_the_shown_command(site, open_page):
    page = open_page(site / 'operators/write-letter.html', permissions=['clipboard-read', 'clipboard-write'], **DESKTOP)
    buttons = page.get_by_role('button')
    shown = page.locator('pre code')
    assert buttons.count() == shown.count() > 3
    for index in range(buttons.count()):
        buttons.nth(index).focus()
        page.evaluate(CHANGE)  # is noted before it comes, as it doesn't stay
        page.keyboard.press('Enter')
        assert page.evaluate('window.change') == 'Copied'
        assert page.evaluate('navigator.clipboard.readText()') == shown.nth(index).text_content()
    assert page.locator('#said').inner_text() == 'Copied: Source'


def test_pages_work_without_scripts(site, open_page):
    page = open_page(site / 'index.html', java_script_enabled=False, **TELEPHONE)
    assert not page.locator('#search').is_visible()
    page.get_by_role('link', name='write-letter').tap()
    page.wait_for_url('**/operators/write-letter.html')
    assert page.get_by_role('heading', name='Run it').is_visible()
    page.get_by_role('navigation', name='Catalogue').get_by_role('link').tap()
    page.wait_for_url('**/index.html')
