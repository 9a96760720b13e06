/** How commands end. */
export const exitCodes = {
  done: 0,
  /** The command could not do what was asked: a file is missing or broken, training failed. */
  failed: 1,
  /** The command line is wrong: unknown command or option, bad number. */
  usage: 2,
} as const;

/** The signals that end training, with the exit codes that shells report: 128 and the signal's number. */
export const signalCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** The exit code of a command that a signal ended; `reason` is the signal's name. */
export function interruptedCode(reason: unknown): number {
  const found = Object.entries(signalCodes).find(([name]) => name === reason);
  return found?.[1] ?? signalCodes.SIGINT;
}
