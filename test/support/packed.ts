/** The package as users get it: packed, and unpacked into a consumer's node_modules with its dependencies beside it. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');
/** Where what is too large for this repository is installed: webpack, Rollup, Jest, attw. */
export const tools = process.env['WEFT_TOOLS'] ?? root;
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** What npm says of a package that it packed. */
interface Packed {
  readonly filename: string;
  /** Bytes of all files. */
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** Packs what was built. */
export function packFiles(...options: readonly string[]): Packed {
  const output = execFileSync('npm', ['pack', '--json', '--ignore-scripts', ...options], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output)[0];
}

/** A folder with weft in its node_modules. */
export class Consumer {
  readonly folder = mkdtempSync(join(tmpdir(), 'weft-consumer-'));
  readonly installed = join(this.folder, 'node_modules', 'weft-nn');
  /** What npm packed. */
  readonly packed: Packed;

  /** `packages`: what is installed besides weft and its dependencies, from this repository. */
  constructor(packages: readonly string[] = []) {
    this.packed = packFiles('--pack-destination', this.folder);
    mkdirSync(this.installed, { recursive: true });
    const archive = join(this.folder, this.packed.filename);
    execFileSync('tar', ['-xzf', archive, '-C', this.installed, '--strip-components=1']);
    for (const name of [...Object.keys(manifest.dependencies), ...packages]) {
      const target = join(this.folder, 'node_modules', name);
      mkdirSync(dirname(target), { recursive: true });
      if (!existsSync(target)) symlinkSync(join(root, 'node_modules', name), target);
    }
    this.write('package.json', '{ "type": "module" }');
  }

  /** Writes a file, and gives its path. */
  write(path: string, text: string): string {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  /** What a program in this folder prints. */
  run(path: string, ...flags: string[]): string {
    return execFileSync('node', [...flags, path], { cwd: this.folder, encoding: 'utf8' });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
