// Every page of a site in headless Chromium, at two widths and in both colour schemes: node check.mjs CHROMIUM SITE
// Prints a line for each fault and ends with 1: console messages, requests, text wider than the window, targets of under
// 24 pixels (WCAG 2.2, 2.5.8; links within text are exempt), a table that does not sort or filter, axe-core's violations.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const [chromium, site] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const files = readdirSync(site, { recursive: true }).filter(name => name.endsWith(".html")).sort();
const browser = await puppeteer.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-gpu"] });
let faults = 0;
const report = (...words) => { faults += 1; console.log(...words); };

const small = () => [...document.querySelectorAll("nav a, button, input, summary, .c a")]
  .map(one => [one, one.getBoundingClientRect()])
  .filter(([one, box]) => box.width && (one.type === "radio" ? one.parentElement.getBoundingClientRect().height : box.height) < 23.5)
  .map(([one, box]) => `${one.outerHTML.slice(0, 80)} ${box.width}x${box.height}`);

const works = () => {
  const input = document.querySelector("input.filter");
  if (!input) return "";
  const rows = [...document.getElementById(input.dataset.table).querySelectorAll("tr[data-text]")];
  input.value = rows[0].dataset.text.split(" ")[0];
  input.dispatchEvent(new Event("input"));
  if (rows[0].hidden || (rows.length > 20 && !rows.some(row => row.hidden))) return "the filter keeps the wrong rows";
  const head = document.getElementById(input.dataset.table).tHead.rows[0].cells[0];
  head.querySelector("button").click();
  return head.getAttribute("aria-sort") === "ascending" ? "" : "the table does not sort";
};

for (const [width, scheme] of [[1440, "light"], [1440, "dark"], [390, "light"], [390, "dark"]]) {
  for (const name of files) {
    const page = await browser.newPage();
    await page.setViewport({ width, height: 900 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    const url = pathToFileURL(join(site, name)).href;
    const at = `${name} ${width} ${scheme}:`;
    page.on("console", message => report(at, "console", message.type(), message.text()));
    page.on("pageerror", error => report(at, "error", error.message));
    page.on("request", request => { if (request.url() !== url) report(at, "request", request.url()); });
    await page.goto(url);
    await page.evaluate(() => { for (const one of document.querySelectorAll("details")) one.open = true; });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (over > 0) report(at, "wider than the window by", over);
    for (const one of await page.evaluate(small)) report(at, "small target", one);
    await page.evaluate(axe);
    const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    for (const one of found.violations) report(at, "axe", one.id, one.nodes.length, one.nodes[0].html.slice(0, 120));
    const broken = await page.evaluate(works);
    if (broken) report(at, broken);
    await page.close();
  }
}
await browser.close();
console.log(`${files.length} pages, ${faults} faults`);
process.exit(faults ? 1 : 0);
