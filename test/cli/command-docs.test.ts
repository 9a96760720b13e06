/** docs/command.md against the program: each option of `weft train` with its default, and an example that is one. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Option } from 'commander';
import { expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/commands.ts';
import { settingNames, settings } from '../../src/cli/settings/setting-table.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../docs/command.md'), 'utf8');

/** The section of that heading, to the next one of its rank. */
function section(heading: string): string {
  const [, text = ''] = page.split(`\n## ${heading}\n`);
  return text.split('\n## ')[0]!;
}

/** Rows of the table of options: flags, default, text. */
function rows(heading: string): [flags: string, standard: string, text: string][] {
  const found = section(heading).matchAll(/^\| `(--[^`]+)` \|([^|]*)\|(.*)\|$/gm);
  return [...found].map(([, flags, standard, text]) => [flags!, standard!.trim(), text!.trim()]);
}

const program = buildProgram({
  streams: { stdout: process.stdout, stderr: process.stderr },
  signal: undefined,
  finish: () => undefined,
  program: 'weft',
});

/** The options of a command. */
function optionsOf(name: string): readonly Option[] {
  return program.commands.find((command) => command.name() === name)!.options;
}

/** Holds the table of a section to the options of the program: no more and no fewer, with their defaults, and an example that is one. */
function expectTable(heading: string, options: readonly Option[]): void {
  expect(rows(heading).map(([flags]) => flags)).toEqual(options.map(({ flags }) => flags));
  const defaults = new Map(rows(heading).map(([flags, standard]) => [flags, standard.replaceAll('`', '')]));
  for (const { flags, description } of options) {
    const [, standard] = /\(default: ([^)]*)\)$/.exec(description) ?? [];
    if (standard !== undefined) expect(defaults.get(flags), flags).toBe(standard);
  }
  for (const [flags, , text] of rows(heading)) {
    const name = flags.split(' ')[0]!;
    expect(text, flags).toMatch(new RegExp(`\`[^\`]*${name}\\b`));
  }
}

test('train: the table has the options of the program', () => {
  expectTable('Train', optionsOf('train'));
});

test.each(['Compare', 'Ensemble', 'Labels', 'Tune', 'Worker'])(
  '%s: the table has the options that are its own; all others are those of train',
  (heading) => {
    const ofTrain = new Set(optionsOf('train').map(({ flags }) => flags));
    const own = new Set(rows(heading).map(([flags]) => flags));
    const options = optionsOf(heading.toLowerCase());
    expectTable(
      heading,
      options.filter(({ flags }) => own.has(flags) || !ofTrain.has(flags)),
    );
  },
);

test('the names of config.json that are not those of the options', () => {
  for (const name of settingNames) {
    const [flag = ''] = settings[name].flag.split(' ');
    const others = new Option(flag).attributeName() !== name;
    expect(page.includes(`\`${name}\` (\`${flag}\`)`), name).toBe(others);
  }
});
