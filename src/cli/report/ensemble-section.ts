/** The section of the report on what an ensemble is made of, and what it gains. */
import { basename, dirname } from 'node:path';
import { describeEnsemble, membersTable } from '../ensemble/ensemble-texts.ts';
import type { Metrics } from '../run-record.ts';
import { escapeHtml, numberTable } from './html.ts';

/** The section as HTML; nothing for a model that is none. */
export function ensembleSection({ ensemble, ...metrics }: Metrics): string {
  if (ensemble === undefined) return '';
  const figures = { ...metrics, ensemble };
  const { headings, rows } = membersTable(figures, shortName);
  return `<section>
<h2>Members</h2>
${describeEnsemble(figures, shortName)
  .map((text) => `<p>${escapeHtml(text)}</p>`)
  .join('\n')}
${numberTable(headings, rows, 2)}
<p class="aside">The validation accuracy is that of the epoch whose model it is, on the images that its run held out. All members were
tested on the same images, and none of these had a part in combining them.</p>
</section>`;
}

/** `runs/first` of a full path. */
function shortName(path: string): string {
  return `${basename(dirname(path))}/${basename(path)}`;
}
