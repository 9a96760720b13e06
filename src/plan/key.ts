/** Attributes and views as text that differs whenever they do: JSON alone takes -0 for 0, and ±Infinity and NaN for null. */

export function keyOf(value: object): string {
  return JSON.stringify(value, plainNumbers);
}

function plainNumbers(_: string, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  return Number.isFinite(value) && !Object.is(value, -0)
    ? value
    : `number ${Object.is(value, -0) ? '-0' : value}`;
}
