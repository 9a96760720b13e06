/**
 * Node's own modules, asked for while the program runs: a page can then import weft, and a bundler finds nothing to
 * follow. Where there is no Node, there is none of them.
 */

/** The process, or what a page has in its place. */
function processOrNothing(): Partial<NodeJS.Process> | undefined {
  return globalThis.process;
}

/** The version of Node, or undefined where this is not Node. */
export function nodeVersion(): string | undefined {
  return processOrNothing()?.versions?.node;
}

/** Whether modules can be asked for: in Node 20.16, 22.3 and later. */
export function hasNodeModules(): boolean {
  return processOrNothing()?.getBuiltinModule !== undefined;
}

/** A module of Node. Only where `hasNodeModules`. */
export const nodeModule: NodeJS.Process['getBuiltinModule'] = (name: string) =>
  globalThis.process.getBuiltinModule(name);

/** An environment variable, or undefined where it is not set or there are none. */
export function environmentVariable(name: string): string | undefined {
  return processOrNothing()?.env?.[name];
}

/** The code that Node gives an error of the system, such as 'ENOENT'. */
export function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : undefined;
}

/** The file of the program that was started, if it was one. */
export function programFile(): string | undefined {
  return processOrNothing()?.argv?.[1];
}

/** The classes that make bytes of text and text of bytes, as far as they are used: pages and Node declare them apart. */
interface TextCoding {
  readonly TextDecoder: new (
    encoding?: string,
    options?: { readonly fatal?: boolean; readonly ignoreBOM?: boolean },
  ) => { decode(bytes: Uint8Array): string };
  readonly TextEncoder: new () => { encode(text: string): Uint8Array };
}

/** How text becomes bytes and back. Where Jest imitates a page, the imitation has neither, but Node has. */
export const { TextDecoder, TextEncoder }: TextCoding =
  'TextDecoder' in globalThis || !hasNodeModules() ? globalThis : nodeModule('node:util');
