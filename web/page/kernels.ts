/** The kernels of a training step: their source where there is one to read, and the plan as a table. */
import type { Kernels } from '../protocol.ts';
import { byId, make, setText } from './elements.ts';

const words: Readonly<Record<string, string>> = {
  gpu:
    'gpu.js translates these functions, which weft wrote for this model, into shaders. Variables are floats there; only ' +
    'one that starts at 0 and is counted up is a whole number, as indices are.',
  wasm: 'weft writes them into one WebAssembly module, which the browser compiles once.',
  cpu: 'Each is a plain loop in TypeScript: see kernels/*/cpu.ts.',
};

export function showKernels({ device, of, table, sources }: Kernels): void {
  const count = /^\d+(?= kernels)/m.exec(table)?.[0] ?? 'Some';
  setText(
    byId('kernels-note', HTMLParagraphElement),
    `${count} kernels on ${device}: ${of}. ${words[device] ?? ''}`,
  );
  byId('kernel-sources', HTMLDivElement).replaceChildren(
    ...sources.map(({ kernel, label, text }, index) => {
      const details = make('details', 'kernel');
      const summary = make('summary');
      summary.append(
        make('span', 'number', String(index)),
        make('code', '', kernel),
        make('span', 'label', label),
      );
      const source = make('pre', '', text);
      source.tabIndex = 0;
      details.append(summary, source);
      return details;
    }),
  );
  const plan = byId('plan', HTMLPreElement);
  setText(plan, table);
  // So that it can be scrolled with the keyboard.
  plan.tabIndex = 0;
  // Where there are no sources, the plan is all there is.
  if (sources.length === 0) byId('plan-details', HTMLDetailsElement).open = true;
}
