/** Breaks minified code into lines. */
import ts from 'typescript';

const longest = 120;

/**
 * The same code with a line break before a statement, a declaration or a member of a class wherever a line would grow too long:
 * of an error that nobody catches Node prints the line before the message, and that of minified code is the whole file.
 */
export function brokenIntoLines(file, code) {
  const source = ts.createSourceFile(file, code, ts.ScriptTarget.ESNext, false, ts.ScriptKind.JS);
  const starts = [];
  const visit = (node) => {
    if (ts.isStatement(node) || ts.isClassElement(node) || ts.isVariableDeclaration(node))
      starts.push(node.getStart(source));
    ts.forEachChild(node, visit);
  };
  visit(source);
  const lines = [];
  let begin = 0;
  let last = 0;
  for (const start of starts.sort((first, second) => first - second)) {
    if (start - begin > longest && last > begin) {
      lines.push(code.slice(begin, last));
      begin = last;
    }
    last = start;
  }
  return [...lines, code.slice(begin)].join('\n');
}
