#!/usr/bin/env node
/** The `weft` command. */
import { fileURLToPath } from 'node:url';
import { fileError } from '../data/files.ts';
import { runCommandLine } from './commands.ts';
import { exitCodes, signalCodes } from './exit-codes.ts';
import { RunError } from './run-error.ts';

/** The commands that train: a signal ends what can be gone on with. */
const trains = new Set<string | undefined>(['train', 'tune', 'worker', 'compare', 'ensemble', 'labels']);

/** The progress bar hides the cursor. */
const SHOW_CURSOR = '\u001b[?25h';

// Whoever reads may stop early, as in `weft train | head`, and a terminal may be closed: then there is nobody to tell, but
// what was begun is finished. That the output has no room, in contrast, is an error.
let unwritten: NodeJS.ErrnoException | undefined;
let hungUp = false;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EIO') hungUp = true;
    else if (error.code !== 'EPIPE') unwritten ??= error;
  });
}

const args = process.argv.slice(2);
const interruption = new AbortController();
// The first signal ends training between two steps, and what was learned is saved; a second one ends the process.
for (const [name, code] of trains.has(args[0]) ? Object.entries(signalCodes) : []) {
  process.on(name, () => {
    if (!interruption.signal.aborted) return interruption.abort(name);
    if (process.stdout.isTTY) process.stdout.write(SHOW_CURSOR);
    process.exit(code);
  });
}
// A training that another process began ends when that process wants it to, or is no more.
process.on('disconnect', () => interruption.abort('SIGTERM'));
// It may have wanted that before there was anybody to tell.
if (process.connected === false) interruption.abort('SIGTERM');
process.channel?.unref();

let exitCode = await runCommandLine(args, process, fileURLToPath(import.meta.url), interruption.signal);
// Streams tell their errors a little later.
await new Promise(setImmediate);
if (unwritten !== undefined) {
  const { got, cure } = fileError('/dev/stdout', unwritten, { error: RunError, expected: '' });
  const error = new RunError({ where: 'standard output', got, expected: 'an output that takes all', cure });
  process.stderr.write(`${error.name}: ${error.message}\n`);
  exitCode ||= exitCodes.failed;
}
process.exitCode = exitCode;
if (hungUp) {
  // Node aborts when it cannot reset a terminal that is gone; the signal ends it before it tries.
  process.removeAllListeners('SIGHUP');
  process.kill(process.pid, 'SIGHUP');
}
