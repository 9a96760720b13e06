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
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** A folder with weft in its node_modules. */
export class Consumer {
  readonly folder = mkdtempSync(join(tmpdir(), 'weft-consumer-'));
  readonly installed = join(this.folder, 'node_modules', 'weft-nn');
  /** What npm packed. */
  readonly packed: { readonly filename: string; readonly files: readonly { readonly path: string }[] };

  /** `packages`: what is installed besides weft and its dependencies, from this repository. */
  constructor(packages: readonly string[] = []) {
    const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', this.folder];
    const output = execFileSync('npm', pack, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    [this.packed] = JSON.parse(output);
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
