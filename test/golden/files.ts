/** Loads the vectors computed by PyTorch. WEFT_GOLDEN names another folder: other seeds, other shapes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Golden } from './vectors.ts';

const folder = process.env['WEFT_GOLDEN'] ?? join(import.meta.dirname, 'vectors');

/** The names of all vectors, sorted. */
export function goldenNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

export function loadGolden(name: string): Golden {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Golden;
}
