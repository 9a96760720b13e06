/** Counts the buffers and textures of a page that are alive, by listening to the calls that make and delete them. */

let alive = 0;

/** How many there are. */
export function gpuObjects(): number {
  return alive;
}

/** Has something done after every call of a method of a class that this page has. */
export function listen(
  className: string,
  method: string,
  listener: (result: unknown, target: object) => void,
): void {
  const prototype: object | undefined = Reflect.get(globalThis, className)?.prototype;
  if (prototype === undefined) return;
  const original = Reflect.get(prototype, method) as (...values: unknown[]) => unknown;
  Reflect.set(prototype, method, function called(this: object, ...values: unknown[]): unknown {
    const result = original.apply(this, values);
    listener(result, this);
    return result;
  });
}

/** Begins to listen. Before any GPU is opened. */
export function listenToGpuObjects(): void {
  const gone = new WeakSet<object>();
  listen('GPUDevice', 'createBuffer', () => alive++);
  listen('GPUBuffer', 'destroy', (_, buffer) => {
    if (!gone.has(buffer)) alive--;
    gone.add(buffer);
  });
  for (const kind of ['Texture', 'Buffer']) {
    listen('WebGL2RenderingContext', `create${kind}`, () => alive++);
    listen('WebGL2RenderingContext', `delete${kind}`, () => alive--);
  }
}
