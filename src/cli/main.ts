#!/usr/bin/env node
/** The `weft` command. */
import { runCommandLine } from './program.ts';

// A reader that stops early, as in `weft train | head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

const args = process.argv.slice(2);
const interruption = new AbortController();
// The first Ctrl-C ends training between two steps; a second one ends the process, as in all other commands.
if (args[0] === 'train') process.once('SIGINT', () => interruption.abort());

process.exitCode = await runCommandLine(args, process, interruption.signal);
