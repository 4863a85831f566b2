// node draw.mjs PROMETHEUS [FOLDER]: draws one picture for each row of the dashboard, from the last minutes of a Prometheus.
import { build } from 'esbuild';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { readPanels } from './queries.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const [prometheus = 'http://localhost:9090', folder = join(here, '../../docs/images')] = process.argv.slice(2);
const minutes = Number(process.env.MINUTES ?? 30);
const width = 1500;

const dashboard = JSON.parse(await readFile(join(here, '../../deploy/grafana/model-runner.json'), 'utf8'));
const end = Math.floor(Date.now() / 15_000) * 15;
const start = end - minutes * 60;
const panels = await readPanels(dashboard, prometheus, start, end);

const bundle = await build({
  entryPoints: [join(here, 'page.jsx')],
  bundle: true,
  write: false,
  outdir: 'out',
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"' },
  loader: { '.svg': 'dataurl', '.ttf': 'dataurl', '.woff2': 'dataurl' },
  logLevel: 'error',
});

function output(extension) {
  return bundle.outputFiles.find(({ path }) => path.endsWith(extension)).text;
}

function rows() {
  const result = [];
  for (const entry of panels) {
    if (entry.panel.type === 'row') {
      result.push({ title: entry.panel.title, panels: [] });
    } else {
      result.at(-1).panels.push(entry);
    }
  }
  return result;
}

// Grafana's components use the local storage of their page, which only a page with an address has.
const document = '<!doctype html><body style="margin:0"><div id="root"></div></body>';

await mkdir(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--no-first-run'],
});
try {
  for (const { title, panels: content } of rows()) {
    const page = await browser.newPage({ viewport: { width, height: 1200 } });
    page.on('pageerror', error => console.error(`${title}: ${error}`));
    await page.route('**/*', route => route.fulfill({ contentType: 'text/html', body: document }));
    await page.goto('http://localhost/');
    await page.addStyleTag({ content: output('.css') });
    await page.addScriptTag({ content: output('.js') });
    await page.evaluate(([p, from, to, w]) => window.drawRow(p, from, to, w), [content, start, end, width]);
    await page.waitForTimeout(2000);
    const file = join(folder, `dashboard-${title.toLowerCase().match(/[a-z]+/)[0]}.png`);
    await page.locator('#row').screenshot({ path: file });
    console.log(file);
    await page.close();
  }
} finally {
  await browser.close();
}
