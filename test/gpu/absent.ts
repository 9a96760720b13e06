/** Stands for the tests that cannot run on this machine, so that they are counted as skipped, with the reason. */
import { test } from 'vitest';

for (const reason of (process.env['WEFT_ABSENT'] ?? '').split(';'))
  test.skip(`the gpu device ${reason}`, () => undefined);
