/** The style sheet of the report. Charts take their colors from its variables, so they follow light and dark too. */
export const styleSheet = `
:root {
  color-scheme: light dark;
  --background: #ffffff; --text: #1b1f24; --quiet: #5a6370; --line: #d8dde3; --panel: #f5f7f9;
  --train: #2f6fb7; --validation: #d1621b; --right: #3f8fd0; --wrong: #e0542b;
  --right-text: #1f6fb0; --wrong-text: #bf3d14;
}
@media (prefers-color-scheme: dark) {
  :root {
    --background: #14171b; --text: #e4e8ec; --quiet: #9aa5b1; --line: #333b44; --panel: #1c2127;
    --train: #6aaef2; --validation: #f39a57; --right: #3d7fbd; --wrong: #d9542f;
    --right-text: #63aee9; --wrong-text: #f27a55;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--background); color: var(--text); font: 16px/1.5 system-ui, sans-serif;
  overflow-wrap: break-word; }
main { max-width: 1120px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 16px; }
h2 { font-size: 20px; margin: 40px 0 8px; }
p { margin: 0 0 12px; max-width: 90ch; }
.aside { color: var(--quiet); font-size: 14px; }
.headline { display: flex; flex-wrap: wrap; gap: 16px; margin: 0; }
.headline div { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 12px 20px;
  display: flex; flex-direction: column; min-width: 160px; }
.headline dd { margin: 0; font-size: 26px; font-weight: 600; font-variant-numeric: tabular-nums; }
.headline dt { color: var(--quiet); font-size: 14px; }
.charts { display: flex; flex-wrap: wrap; gap: 16px 32px; align-items: flex-start; overflow-x: auto; }
figure { margin: 0; }
figure svg { font-size: 12px; max-width: 100%; height: auto; }
.charts figcaption { font-weight: 600; font-size: 15px; margin-bottom: 4px; }
.legend span { margin-right: 20px; }
.legend span::before { content: ''; display: inline-block; width: 22px; height: 4px; border-radius: 2px;
  margin-right: 8px; vertical-align: middle; background: currentColor; }
.train { color: var(--train); }
.validation { color: var(--validation); }
.right { color: var(--right-text); font-weight: 600; }
.wrong { color: var(--wrong-text); font-weight: 600; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(120px, 1fr)); gap: 20px 12px; }
.mistakes img { image-rendering: pixelated; border: 1px solid var(--line); border-radius: 4px; display: block; max-width: 100%; }
.mistakes figcaption { overflow-wrap: anywhere; font-size: 14px; line-height: 1.35; margin-top: 4px; font-variant-numeric: tabular-nums; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 12px 16px; overflow-x: auto;
  font: 13px/1.45 ui-monospace, monospace; }
table { border-collapse: collapse; font-size: 14px; }
th, td { text-align: left; padding: 4px 16px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.numbers th[scope=row], td { overflow-wrap: anywhere; }
th[scope=row] { font-weight: 500; color: var(--quiet); }
.numbers td, .numbers thead th { min-width: 5.5em; }
.numbers th, .numbers td { text-align: right; font-variant-numeric: tabular-nums; }
.numbers th:first-child { text-align: left; }
`;
