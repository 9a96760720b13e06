/** The order in which people count: "2" before "10". The same on every machine, whatever its language. */

/**
 * Compares texts piece by piece: runs of the digits 0 to 9 by their value, what lies between them by its characters' numbers.
 * Zero only for equal texts.
 */
export function compareNaturally(first: string, second: string): number {
  const [firstPieces, secondPieces] = [first, second].map((text) => text.match(/\d+|\D+/g) ?? []);
  for (let i = 0; i < Math.min(firstPieces.length, secondPieces.length); i++) {
    const order = comparePieces(firstPieces[i], secondPieces[i]);
    if (order !== 0) return order;
  }
  // "01" and "1" have one value, but are two names.
  return firstPieces.length - secondPieces.length || compareCharacters(first, second);
}

function comparePieces(first: string, second: string): number {
  const [firstDigits, secondDigits] = [first, second].map((piece) => /^0*(\d+)$/.exec(piece)?.[1]);
  if (firstDigits === undefined || secondDigits === undefined) return compareCharacters(first, second);
  return firstDigits.length - secondDigits.length || compareCharacters(firstDigits, secondDigits);
}

function compareCharacters(first: string, second: string): number {
  return first < second ? -1 : first > second ? 1 : 0;
}
