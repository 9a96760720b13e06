/** How this process was started, so that a printed command works when it is pasted. */
import { basename, relative } from 'node:path';

/** The command with these arguments, as the reader would type it here: `node dist/src/cli/main.js predict …`. */
export function commandLine(args: readonly string[]): string {
  return [...program(), ...args].map(quoted).join(' ');
}

function program(): string[] {
  const script = process.argv[1];
  if (script === undefined || basename(script) !== 'main.js') {
    return process.env['npm_command'] === 'exec' ? ['npx', 'weft-nn'] : ['weft'];
  }
  const near = relative(process.cwd(), script);
  return ['node', near.startsWith('..') ? script : near];
}

/** Quotes for a POSIX shell where something would be taken apart. */
export function quoted(argument: string): string {
  return /^[\w./:=@%+,-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
