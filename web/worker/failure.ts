/** Errors as text for the page. */
import { WeftError } from '../../src/index.ts';
import type { Failure } from '../protocol.ts';

/** @param cure what to do, where the error does not say it */
export function failureOf(error: unknown, during: string, cure: string): Failure {
  if (error instanceof WeftError) {
    const { name, where, got, expected } = error;
    return { during, name, message: `${where}: got ${got}, expected ${expected}.`, cure: error.cure };
  }
  const [name, message] = error instanceof Error ? [error.name, error.message] : ['Error', String(error)];
  return { during, name, message, cure };
}
