/** The path of the layer that is running, so that nodes and errors can name it. */

const path: string[] = [];

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
