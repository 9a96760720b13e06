/** How the models of a comparison were trained, and the commands that repeat it. */
import { commandBlock, escapeHtml, scrolling } from '../../report/html.ts';
import { settingsOf } from '../../report/settings.ts';
import { counted } from '../../terminal.ts';
import type { JudgedDataset } from '../model-comparison.ts';

/** Settings that say of which run they are. */
const ofOneRun = new Set(['seed']);

/** The section as HTML. */
export function recipesSection(datasets: readonly JudgedDataset[], command: readonly string[]): string {
  return `<section>
<h2>Settings</h2>
<p>The command that repeats the comparison:</p>
${commandBlock(command)}
${datasets.map((judged) => settingsTables(judged, datasets.length > 1)).join('\n')}
</section>`;
}

function settingsTables({ compared, statistics }: JudgedDataset, isOneOfSeveral: boolean): string {
  const { models } = compared;
  const found = models.map(({ runs }) => new Map(settingsOf(runs[0]!.record)));
  const names = [...new Set(found.flatMap((settings) => [...settings.keys()]))].filter(
    (name) => !ofOneRun.has(name),
  );
  const isSame = (name: string): boolean =>
    found.every((settings) => settings.get(name) === found[0]!.get(name));
  const same = names.filter(isSame);
  const different = names.filter((name) => !isSame(name));
  const heading = models.map(({ label }) => `<th scope="col">${escapeHtml(label)}</th>`).join('');
  const rows = [
    ...different.map((name) => [name, ...found.map((settings) => settings.get(name) ?? '–')]),
    ['runs', ...models.map(({ runs }) => counted(runs.length, 'seed'))],
  ];
  const commands = models.flatMap(({ label, runs }) => {
    const { record } = runs[0]!;
    return record.command.length === 0
      ? []
      : [`<h3>${escapeHtml(label)}</h3>\n${commandBlock(record.command)}`];
  });
  return `${isOneOfSeveral ? `<h3>On ${escapeHtml(statistics.data)}</h3>` : ''}
<h3>What differs</h3>
${scrolling(`<table><thead><tr><td></td>${heading}</tr></thead><tbody>${rows.map(rowOf).join('\n')}</tbody></table>`)}
<h3>What is the same</h3>
<table>${same.map((name) => rowOf([name, found[0]!.get(name)!])).join('\n')}</table>
<h3>The first training of each alone</h3>
${commands.join('\n')}`;
}

function rowOf([name = '', ...values]: readonly string[]): string {
  return `<tr><th scope="row">${escapeHtml(name)}</th>${values.map((value) => `<td>${escapeHtml(value)}</td>`).join('')}</tr>`;
}
