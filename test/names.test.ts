/** docs/names.md: whatever it says something is called in weft exists under that name. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as weft from '../src/index.ts';

const text = readFileSync(resolve(import.meta.dirname, '../docs/names.md'), 'utf8');
/** Words of the last column that are options, not exports. */
const options = new Set([
  'clipNorm',
  'clipValue',
  'groups',
  'bidirectional',
  'lengths',
  'mask',
  'output',
  'peepholes',
  'layers',
  'projection',
  'resetAfter',
  'forgetBias',
  'recurrentInitializer',
  'nanIsMissing',
  'recurrentDropout',
  'checkpoint',
  'resume',
  'inputDropout',
  'zoneout',
  'augmentation',
  'mix',
  'sampling',
]);
const objects: Readonly<Record<string, object>> = {
  x: weft.Tensor.prototype,
  loss: weft.Tensor.prototype,
  model: weft.Module.prototype,
  layer: weft.Module.prototype,
  optimizer: weft.Optimizer.prototype,
  parameter: new weft.Parameter(weft.zeros([1])),
  lstm: new weft.LSTM(1, 1),
  initializers: weft.initializers,
};

/** The code spans in the last column of the tables, one for each name: `x.array()`, `Dense`. */
const spans = text
  .split('\n')
  .filter((line) => line.startsWith('| ') || line.startsWith('|`'))
  .flatMap((line) => [...(line.split('|').at(-2) ?? '').matchAll(/`([^`]+)`/g)].map(([, code]) => code));

describe('docs/names.md', () => {
  it('has tables', () => expect(spans.length).toBeGreaterThan(100));

  it.each([...new Set(spans)])('%s', (code) => {
    const [, object, name] = /^(?:await )?(?:new )?(?:(\w+)\.)?(\w+)/.exec(code) ?? [];
    if (name === undefined) return expect(code).toMatch(/^…|^\.\./);
    if (object !== undefined) return expect(name in (objects[object] ?? {}), `${object}.${name}`).toBe(true);
    const known = name in weft || options.has(name) || name in weft.Module.prototype || name === 'step';
    return expect(known, name).toBe(true);
  });
});
