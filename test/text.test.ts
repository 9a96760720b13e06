/** Text from outside as it is shown: nothing in it that a terminal obeys or a reader cannot see. */
import { expect, test } from 'vitest';
import { WeftError } from '../src/errors.ts';
import { formatTable, printable } from '../src/text.ts';

const hostile = 'a\u001b[31m\n\r\t\u0000\u0007\u007f\u009b\u2028\u2029\u202e\u2066\u200f\ufeff\ud800z';

test('what is not printable becomes an escape; all else stays', () => {
  expect(printable(hostile)).toBe(
    'a\\u001b[31m\\n\\r\\t\\u0000\\u0007\\u007f\\u009b\\u2028\\u2029\\u202e\\u2066\\u200f\\ufeff\\ud800z',
  );
  const plain = 'C:\\photos "größe" 数字 👩‍🚀 <b>&amp;';
  expect(printable(plain)).toBe(plain);
});

test('errors hold printable parts, within a bound', () => {
  const error = new WeftError({ where: hostile, got: hostile, expected: 'x'.repeat(1e6), cure: hostile });
  for (const text of [error.message, error.where, error.got, error.expected, error.cure]) {
    expect(text).toBe(printable(text));
    expect(text.length).toBeLessThan(3000);
  }
  expect(error.stack?.slice(0, error.message.length + 20)).toContain(error.message);
  expect(error.expected.endsWith('x…')).toBe(true);
});

test('a table has one line for each row, whatever is in its cells', () => {
  const table = formatTable([{ heading: 'class\n' }], [[hostile], ['b']]);
  expect(table.split('\n')).toHaveLength(4);
  expect(printable(table.replaceAll('\n', ''))).toBe(table.replaceAll('\n', ''));
});
