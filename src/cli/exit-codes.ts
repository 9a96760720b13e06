/** How commands end. */
export const exitCodes = {
  done: 0,
  /** The command could not do what was asked: a file is missing or broken, training failed. */
  failed: 1,
  /** The command line is wrong: unknown command or option, bad number. */
  usage: 2,
  /** Ctrl-C, as shells report it: 128 + SIGINT. */
  interrupted: 130,
} as const;
