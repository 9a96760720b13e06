/** Files that appear whole or not at all, and together: what stays, what is replaced, what is swept. */
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { leftBehind, writeTogether, writeWhole } from '../../src/train/atomic.ts';
import { temporaryFolder } from '../support/datasets.ts';

describe('writing', () => {
  test('makes the folder, replaces, and leaves nothing else', async () => {
    const folder = join(temporaryFolder(), 'a', 'b');
    await writeWhole(join(folder, 'one'), 'first');
    await writeTogether(folder, [
      { name: 'one', contents: 'second' },
      { name: 'two', contents: Uint8Array.of(1, 2) },
    ]);
    expect(readdirSync(folder).sort()).toEqual(['one', 'two']);
    expect(readFileSync(join(folder, 'one'), 'utf8')).toBe('second');
    expect([...readFileSync(join(folder, 'two'))]).toEqual([1, 2]);
  });

  test('replaces links and does not follow them', async () => {
    const folder = temporaryFolder({ elsewhere: 'precious' });
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'link'));
    await writeWhole(join(folder, 'link'), 'new');
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(false);
    expect(readFileSync(join(folder, 'elsewhere'), 'utf8')).toBe('precious');
  });

  test('goes in the order of the calls, also where the contents come later', async () => {
    const folder = temporaryFolder();
    const later = new Promise<readonly [{ name: string; contents: string }]>((resolve) => {
      setTimeout(() => resolve([{ name: 'file', contents: 'first' }]), 20);
    });
    const saves = [writeTogether(folder, later), writeWhole(join(folder, 'file'), 'second')];
    await Promise.all(saves);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('second');
  });

  test('one that fails changes nothing, and does not stop those after it', async () => {
    const folder = temporaryFolder({ one: 'old' });
    mkdirSync(join(folder, 'two'));
    const failing = writeTogether(folder, [
      { name: 'one', contents: 'new' },
      { name: 'two', contents: 'new' },
    ]);
    const rejected = writeTogether(folder, Promise.reject(new Error('no contents')));
    const after = writeWhole(join(folder, 'three'), 'new');
    await expect(failing).rejects.toThrow(/EISDIR/);
    await expect(rejected).rejects.toThrow('no contents');
    await after;
    expect(readdirSync(folder).sort()).toEqual(['one', 'three', 'two']);
    expect(readFileSync(join(folder, 'one'), 'utf8')).toBe('old');
  });
});

describe('temporary files', () => {
  /** The name that a temporary file of this machine and a process has. */
  async function nameFor(pid: number): Promise<string> {
    const folder = temporaryFolder();
    const seen = new Promise<string>((resolve) => {
      const look = () => {
        const found = readdirSync(folder).find((name) => name.endsWith('.tmp'));
        if (found) resolve(found);
        else setImmediate(look);
      };
      look();
    });
    await writeWhole(join(folder, 'file'), 'x'.repeat(1 << 22));
    return (await seen).replace(`-${process.pid}-`, `-${pid}-`);
  }

  test('of processes that ended are swept, of others when they are old', async () => {
    const folder = temporaryFolder();
    const dead = await nameFor(2 ** 22 + 1);
    const running = await nameFor(process.pid);
    const foreign = 'file.00000000-1-0123456789abcdef.tmp';
    const old = 'file.00000001-1-0123456789abcdef.tmp';
    const own = 'notes.tmp';
    for (const name of [dead, running, foreign, old, own]) writeFileSync(join(folder, name), name);
    const longAgo = Date.now() / 1000 - 2 * 24 * 3600;
    utimesSync(join(folder, old), longAgo, longAgo);
    expect((await leftBehind(folder, 'file')).length).toBe(4);
    await writeWhole(join(folder, 'file'), 'new');
    expect(readdirSync(folder).sort()).toEqual(['file', foreign, own, running].sort());
  });
});
