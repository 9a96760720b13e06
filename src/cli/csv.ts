/** Tables for spreadsheets and other programs: RFC 4180, with a comma between cells and CR LF after each row. */

/**
 * A row, with its line end. Cells that hold a comma, a quote or a line end are quoted. A text that a spreadsheet would take
 * for a formula (it starts with =, +, -, @, a tab or a line end) gets an apostrophe before it.
 */
export function csvRow(cells: readonly (string | number)[]): string {
  const quoted = cells.map((cell) => {
    const text = typeof cell === 'string' && /^[=+\-@\t\r\n]/.test(cell) ? `'${cell}` : String(cell);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${quoted.join(',')}\r\n`;
}
