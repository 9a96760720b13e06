/** The style sheet of the report. Charts take their colors from its variables, so they follow light and dark too. */
export const styleSheet = `
:root {
  color-scheme: light dark;
  --background: #ffffff; --text: #1b1f24; --quiet: #5a6370; --line: #d8dde3; --panel: #f5f7f9;
  --train: #2f6fb7; --validation: #d1621b; --right: #3f8fd0; --wrong: #e0542b;
  --right-text: #1f6fb0; --wrong-text: #bf3d14;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --background: #14171b; --text: #e4e8ec; --quiet: #9aa5b1; --line: #333b44; --panel: #1c2127;
    --train: #6aaef2; --validation: #f39a57; --right: #3d7fbd; --wrong: #d9542f;
    --right-text: #63aee9; --wrong-text: #f27a55;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--background); color: var(--text); font: 16px/1.5 system-ui, sans-serif;
  overflow-wrap: anywhere; }
main { max-width: 1120px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 16px; }
h2 { font-size: 20px; margin: 40px 0 8px; }
h3 { font-size: 16px; margin: 24px 0 8px; }
p { margin: 0 0 12px; max-width: 90ch; }
.aside { color: var(--quiet); font-size: 14px; }
.headline { display: flex; flex-wrap: wrap; gap: 12px; margin: 0 0 16px; }
.headline div { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 12px 20px;
  display: flex; flex-direction: column; flex: 1 1 150px; }
.headline dd { margin: 0; font-size: 26px; font-weight: 600; font-variant-numeric: tabular-nums; }
.headline dt { color: var(--quiet); font-size: 14px; }
.notes { margin: 0; padding: 0 0 0 20px; font-size: 14px; color: var(--quiet); max-width: 100ch; }
.side-by-side section { flex: 1 1 480px; min-width: 0; }
.side-by-side { display: flex; flex-wrap: wrap; gap: 16px 32px; align-items: flex-start; }
figure { margin: 0; }
figure svg { max-width: 100%; height: auto; font-size: 12px; }
figcaption { font-weight: 600; font-size: 15px; margin-bottom: 4px; }
.curves figure { flex: 1 1 320px; max-width: 540px; }
.curves { margin-bottom: 12px; }
.curves svg { display: block; width: 100%; }
.scrolling { max-width: 100%; overflow: auto; }
.scrolling:has(table) { max-height: 760px; }
.scrolling svg { display: block; max-width: none; }
.legend span { margin-right: 20px; white-space: nowrap; }
.legend span::before { content: ''; display: inline-block; width: 22px; height: 4px; border-radius: 2px;
  margin-right: 8px; vertical-align: middle; background: currentColor; }
.train { color: var(--train); }
.validation { color: var(--validation); }
.right { color: var(--right-text); font-weight: 600; }
.wrong { color: var(--wrong-text); font-weight: 600; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); gap: 20px 16px; }
.mistakes img { image-rendering: pixelated; border: 1px solid var(--line); border-radius: 4px; display: block; max-width: 100%; height: auto; }
.mistakes figcaption { font-weight: 400; font-size: 14px; line-height: 1.35; margin-top: 4px; font-variant-numeric: tabular-nums; }
.multiples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(280px, 100%), 1fr)); gap: 16px 24px; margin-bottom: 12px; }
.multiples svg { display: block; width: 100%; }
.mistakes.disturbed { grid-template-columns: repeat(auto-fill, minmax(128px, 1fr)); }
.disturbed img { background: repeating-linear-gradient(45deg, var(--quiet) 0 1px, var(--background) 1px 5px); }
.mistakes small { display: block; color: var(--quiet); font-size: 12px; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 12px 16px; overflow-x: auto;
  font: 13px/1.45 ui-monospace, monospace; overflow-wrap: normal; }
.command { white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; cursor: copy; }
table { border-collapse: collapse; font-size: 14px; }
th, td { text-align: left; padding: 4px 16px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th[scope=row] { font-weight: 500; color: var(--quiet); overflow-wrap: normal; }
.numbers th, .numbers td { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.numbers thead th { position: sticky; top: 0; background: var(--background); }
.numbers tbody th { white-space: normal; overflow-wrap: break-word; min-width: 5em; max-width: 22em; text-align: left; }
.numbers thead .name { text-align: left; }
@media (max-width: 600px) {
  main { padding: 20px 16px 48px; }
  .headline div { padding: 8px 12px; flex-basis: 130px; }
  .headline dd { font-size: 21px; }
  table { font-size: 13px; }
  th, td { padding-right: 10px; }
  .numbers tbody th { min-width: 6em; max-width: 11em; }
}
@media print {
  :root { color-scheme: light; }
  body { font-size: 12px; print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  .scrolling, pre { overflow: visible; max-height: none; white-space: pre-wrap; }
  .scrolling svg { max-width: 100%; }
  figure, tr, .headline div { break-inside: avoid; }
  h2, h3, .assumptions dt { break-after: avoid; }
}
`;
