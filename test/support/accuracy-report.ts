/** docs/accuracy.md: the table of operators and devices with the bound of each and the largest error that was measured. */
import { boundOf, type FloatOperator, floatOperators, type Worst } from './accuracy.ts';

/** Where it lies, from the root of the repository. */
export const reportPath = 'docs/accuracy.md';

/** The columns of the table. */
export const settings = ['cpu', 'wasm', 'wasm, fused', 'gpu'] as const;
export type Setting = (typeof settings)[number];

const introduction = `# Accuracy

The largest error of every operator on float32, in units in the last place of the float next to the exact result, over all
exponents: every 9973rd float by its bits, four stretches more densely, denormal numbers, zeros, infinities, NaN, and the
surroundings of every place where a function or its formula changes; for two operands, all pairs of such places and random
pairs. The exact result is computed in double precision.

Each cell has the bound that tests hold the device to, the largest error that they measured, and where. \`wasm, fused\` is
with fused multiply-adds, where the processor has them. \`gpu\` was measured on WebGPU on SwiftShader, Chromium's software
GPU; other GPUs have functions of their own, and bounds leave room for what the WGSL specification allows those. Some
therefore differ from operand to operand, as \`accuracy\` in \`kernels/elementwise/operators/\` says; their cells have the
error that takes most of its bound, and the bound there. On the gpu operands and results below 2^-126 may be taken for 0,
and zeros have no sign.

Written by the tests:

    WEFT_ACCURACY_REPORT=1 npx vitest run test/kernels/accuracy.test.ts
    WEFT_ACCURACY_REPORT=1 npm run test:browser -- --project='*webgpu*' test/gpu/accuracy.browser.ts
`;

/** What was measured, by operator. */
export type Measured = ReadonlyMap<string, Worst>;

/** The bound of an operator at these operands, as it is written. */
function boundText(setting: Setting, { accuracy }: FloatOperator, [a, b = a]: readonly number[]): string {
  const device = setting === 'wasm, fused' ? 'wasm' : setting;
  const bound = `${Number(boundOf(accuracy, device)(a, b).toPrecision(3))}`;
  const { gpuMagnitudes } = accuracy;
  return setting === 'gpu' && gpuMagnitudes
    ? `${bound} (${gpuMagnitudes.map(numberText).join(' to ')})`
    : bound;
}

/** The shortest text that is this float and no other. */
function numberText(value: number): string {
  const short = Number(value.toPrecision(9));
  return Math.abs(short) >= 1e9 && Number.isFinite(short) ? short.toExponential() : `${short}`;
}

/** The error of a cell, behind the bound. */
function errorText({ error, operands }: Worst): string {
  return error === 0 ? '0' : `${Number(error.toPrecision(3))} at ${operands.map(numberText).join(', ')}`;
}

/** The cells of the table in a text, by operator. */
function cellsIn(text: string): Map<string, string[]> {
  const lines = text.split('\n').filter((line) => line.startsWith('| '));
  return new Map(
    lines.slice(1).map((line) => {
      const [name, ...cells] = line.slice(2, -2).split(' | ');
      return [name, cells];
    }),
  );
}

/** The operands of a cell. */
function operandsIn(cell: string): number[] {
  return (cell.split(' at ')[1]?.split(', ') ?? []).map((text) => Math.fround(Number(text)));
}

/** The text with all bounds, and the errors of the columns that were measured now; the other errors stay as they were. */
export function updatedReport(text: string, measured: Readonly<Partial<Record<Setting, Measured>>>): string {
  const before = cellsIn(text);
  const rows = floatOperators.map((operator) => {
    const cells = settings.map((setting, column) => {
      const worst = measured[setting]?.get(operator.name);
      const error = worst
        ? errorText(worst)
        : (before.get(operator.name)?.[column].split(': ')[1] ?? 'not measured');
      return `${boundText(setting, operator, operandsIn(error))}: ${error}`;
    });
    return `| ${[operator.name, ...cells].join(' | ')} |`;
  });
  const head = [`| operator | ${settings.join(' | ')} |`, `|${'---|'.repeat(settings.length + 1)}`];
  return `${introduction}\n${[...head, ...rows].join('\n')}\n`;
}

/** The operators whose bound on a device is not what the text says, and those that only one of table and text has. */
export function outdatedIn(text: string, setting: Setting): string[] {
  const cells = cellsIn(text);
  const column = settings.indexOf(setting);
  const names = new Set<string>(floatOperators.map(({ name }) => name));
  const gone = [...cells.keys()].filter((name) => !names.has(name));
  const changed = floatOperators
    .filter((operator) => {
      const [bound, error = ''] = cells.get(operator.name)?.[column].split(': ') ?? [];
      return bound !== boundText(setting, operator, operandsIn(error));
    })
    .map(({ name }) => name);
  return [...changed, ...gone];
}
