/** Tables for spreadsheets and other programs: RFC 4180, with a comma between cells and CR LF after each row. */

/** A row, with its line end. Cells that hold a comma, a quote or a line end are quoted. */
export function csvRow(cells: readonly (string | number)[]): string {
  const quoted = cells.map((cell) => {
    const text = String(cell);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${quoted.join(',')}\r\n`;
}
