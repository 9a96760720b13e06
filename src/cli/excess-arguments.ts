/** What is said of an argument too many: mostly it is the value of an option whose name was left out. */
import { existsSync } from 'node:fs';
import type { Command, Option } from 'commander';
import { nearest, printable } from '../text.ts';
import { exitCodes } from './exit-codes.ts';
import { quoted } from './invocation.ts';

/** Refuses arguments too many of all commands of a program, naming the option that was likely meant. */
export function refuseExcessArguments(program: Command): void {
  // Commander's own message ends where the help would begin.
  for (const command of program.commands) command.allowExcessArguments();
  program.hook('preAction', (_, command) => {
    const expected = command.registeredArguments;
    if (expected.at(-1)?.variadic || command.args.length <= expected.length) return;
    const first = command.args[expected.length]!;
    const meant = likelyOption(command.options, first);
    const hint = meant === undefined ? '' : ` Did you mean ${meant.map(quoted).join(' ')}?`;
    command.error(printable(`error: too many arguments for '${command.name()}': ${quoted(first)}.${hint}`), {
      exitCode: exitCodes.usage,
    });
  });
}

/** An option with its value. */
function likelyOption(options: readonly Option[], text: string): [option: string, value: string] | undefined {
  const takesData = options.some(({ long }) => long === '--data');
  if (takesData && existsSync(text)) return ['--data', text];
  for (const { long, argChoices = [] } of options) {
    const near = nearest(text, argChoices);
    if (near !== undefined && long) return [long, near];
  }
  return takesData ? ['--data', text] : undefined;
}
