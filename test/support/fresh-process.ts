/** Programs that use weft in a process of their own: for what can be done only once, and for how a process ends. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'rolldown';

const root = resolve(import.meta.dirname, '../..');

/** What a program left behind. */
export interface Ending {
  /** Its exit code, or null if it did not end in time. */
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Bundles the library as it is now, and runs programs that import it as './weft.js'. */
export class FreshProcesses {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** `alone`: in a folder from which no package is found. */
  static async create({ alone = false }: { readonly alone?: boolean } = {}): Promise<FreshProcesses> {
    const cache = alone ? tmpdir() : join(root, 'node_modules/.cache/weft');
    mkdirSync(cache, { recursive: true });
    const folder = mkdtempSync(join(cache, 'weft-fresh-'));
    await build({
      input: join(root, 'src/index.ts'),
      platform: 'neutral',
      external: [/^node:/, 'gpu.js'],
      output: { file: join(folder, 'weft.js'), keepNames: true, codeSplitting: false },
      logLevel: 'silent',
    });
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    return new FreshProcesses(folder);
  }

  /** Runs a program, at most for a minute. */
  run(program: string, environment: Readonly<Record<string, string>> = {}): Promise<Ending> {
    const file = join(this.#folder, 'program.js');
    writeFileSync(file, program);
    const child = spawn(process.execPath, [file], {
      env: { ...process.env, ...environment },
      timeout: 60_000,
      killSignal: 'SIGKILL',
    });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (part: Buffer) => {
      output += part.toString();
    });
    child.stderr.on('data', (part: Buffer) => {
      errors += part.toString();
    });
    return new Promise((done, failed) => {
      child.on('error', failed);
      child.on('close', (code) => done({ code, output: output.trim(), errors: errors.trim() }));
    });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
