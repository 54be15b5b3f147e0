// The machine's own browser, without a window; none is ever downloaded.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chromium } from 'playwright-core';

function installedBrowser() {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name]).toString().trim();
    } catch {
      // not this one
    }
  }
  throw new Error('no Chromium on this machine; script/bootstrap installs it');
}

export function startBrowser() {
  return chromium.launch({ executablePath: installedBrowser(), headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
}

// A page that shows the URL, in a context of its own. What the browser complains about is kept,
// `quiet` says that it did not; `asked` are the URLs it asked for. `prepare` has the page first.
export async function openPage(browser, url, options = {}, prepare = undefined) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await prepare?.(page);
  const complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(url);
  return {
    page, asked,
    quiet: () => assert.deepEqual(complaints, []),
    close: () => context.close(),
  };
}
