/** Where in a program a node is built, so that nodes and errors can name it: the layer, and the part of a training step. */

const path: string[] = [];

/** The parts of a training step, in the order in which they are built: the loss, its derivatives, the optimizer's step. */
export const stepParts = ['forward', 'gradient', 'update'] as const;

/** One of them. */
export type StepPart = (typeof stepParts)[number];

let part: StepPart = 'forward';

/** The part that is being built. */
export function currentPart(): StepPart {
  return part;
}

/** Runs `body`, which builds a part. `body` must not be asynchronous. */
export function buildingPart<Result>(built: StepPart, body: () => Result): Result {
  const before = part;
  part = built;
  try {
    return body();
  } finally {
    part = before;
  }
}

/** The running layer's path, such as `encoder.lstm`, or an empty string. */
export function currentScope(): string {
  return path.length === 0 ? '' : path[path.length - 1];
}

/** Runs `body` with `scope` as the current path. `body` must not be asynchronous. */
export function withScope<Result>(scope: string, body: () => Result): Result {
  path.push(scope);
  try {
    return body();
  } finally {
    path.pop();
  }
}

/** An operation's name for a message, with the layer it runs in: `matmul in layer "head"`. */
export function inScope(operation: string): string {
  const scope = currentScope();
  return scope ? `${operation} in layer "${scope}"` : operation;
}
