/**
 * Which tensors somebody outside the library may hold. What a layer of the library computes on the way to its result is
 * concealed: nobody can ask for it later, so nothing has to be kept for it when a parameter changes.
 */
import { isPlainObject } from '../options.ts';
import { Node, nodesBehind } from './node.ts';
import { Tensor } from './tensor.ts';

/** Runs library code: what it builds is concealed, but for what `expose` is called on. */
export function concealed<Result>(body: () => Result): Result {
  return exposing(false, body);
}

/** Runs an operation that is composed of several: the caller gets the result, and what lies between is concealed. */
export function asOne<Result>(body: () => Result): Result {
  return Node.exposing ? expose(concealed(body)) : body();
}

/**
 * As `concealed`, for a body of whose nodes only those behind its results are ever used: the others, such as gradients of
 * what nobody wants a gradient of, are closed.
 */
export function concealedResults<Results extends readonly (Tensor | undefined)[]>(
  body: () => Results,
): Results {
  const outer = Node.list;
  const made: Node[] = [];
  Node.list = made;
  try {
    const results = concealed(body);
    const first = made[0]?.id ?? 0;
    const inside = (tensors: readonly Tensor[]): Tensor[] => tensors.filter(({ node }) => node.id >= first);
    const used = new Set(
      nodesBehind(inside(results.filter((result) => result !== undefined)), ({ inputs }) => inside(inputs)),
    );
    for (const node of made.reverse()) if (!used.has(node)) node.close();
    return results;
  } finally {
    Node.list = outer;
    outer?.push(...made);
  }
}

function exposing<Result>(now: boolean, body: () => Result): Result {
  const before = Node.exposing;
  Node.exposing = now;
  try {
    return body();
  } finally {
    Node.exposing = before;
  }
}

/** Whether what is built now can be held by somebody outside the library. */
export function isExposing(): boolean {
  return Node.exposing;
}

/**
 * A class whose methods are library code. It says so itself, and not a list of all of them, so that a program has only those
 * that it uses. A class of the user's that extends one of them inherits the word, but it is not its own.
 *
 * @internal
 */
export interface LibraryClass {
  readonly ofLibrary: true;
}

/**
 * Runs a method that gets tensors. Where the object's class is the library's, what it builds is concealed; code of users
 * inside library code exposes what it builds, and the tensors it gets.
 */
export function asCodeOf<Result>(object: object, tensors: unknown, method: () => Result): Result {
  if (Object.hasOwn(object.constructor, 'ofLibrary')) return Node.exposing ? concealed(method) : method();
  if (Node.exposing) return method();
  expose(tensors);
  return exposing(true, method);
}

/** Marks the tensors of a value, however nested, as held by somebody outside. Returns the value. */
export function expose<Value>(value: Value): Value {
  if (value instanceof Tensor) value.node.exposed = true;
  else if (Array.isArray(value)) value.forEach(expose);
  else if (isPlainObject(value)) Object.values(value).forEach(expose);
  return value;
}
