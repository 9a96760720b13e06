/** The gpu device where there is none: what is said, and that all else goes on. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DeviceUnavailableError, deviceInfo, OptionError, setDevice, tensor } from '../../../src/index.ts';
import { refuses, untyped } from '../../errors/support.ts';
import { FreshProcesses } from '../../support/fresh-process.ts';

describe('the gpu device in Node without a GPU', () => {
  it('says what was tried, why each failed, and what to install', async () => {
    await refuses(
      () => setDevice('gpu'),
      DeviceUnavailableError,
      "setDevice('gpu')",
      'webgpu: this engine has no navigator.gpu',
      'webgl2: no WebGL2 context',
      'headlessgl: the package gl is not installed',
      'Install the package gl',
    );
    expect(deviceInfo().name).toBe('wasm');
  });

  it('refuses unknown options and backends', async () => {
    await refuses(() => setDevice('gpu', untyped({ threads: 2 })), OptionError, 'unknown option "threads"');
    await refuses(
      () => setDevice('gpu', untyped({ backend: 'webasm' })),
      OptionError,
      'backend "webasm"',
      'webgpu, webgl2, webgl, headlessgl',
    );
    await refuses(() => setDevice('auto', untyped({ backend: 'webgl' })), OptionError, "setDevice('auto')");
  });

  it('auto goes on with wasm, and says so once', async () => {
    const said = vi.spyOn(console, 'info').mockImplementation(() => undefined);
    await setDevice('auto');
    expect(await tensor([1, 2]).add(1).array()).toEqual([2, 3]);
    expect(await tensor([3]).mul(2).array()).toEqual([6]);
    expect(deviceInfo().name).toBe('wasm');
    expect(said).toHaveBeenCalledTimes(1);
    expect(said.mock.calls[0][0]).toMatch(
      /auto computes on wasm, since there is no GPU that computes \(webgpu: /,
    );
    said.mockRestore();
  });
});

describe('without gpu.js', () => {
  let processes: FreshProcesses;
  beforeAll(async () => {
    // These programs lie outside of any node_modules, so that nothing finds gpu.js.
    processes = await FreshProcesses.create({ alone: true });
  });
  afterAll(() => processes.remove());

  it('everything else works, and the device says what to install', async () => {
    const { output, errors, code } = await processes.run(`
      import { setDevice, tensor, deviceInfo } from './weft.js';
      console.log(await tensor([1, 2]).mul(3).array());
      console.log(await setDevice('gpu').catch((error) => error.name + ': ' + error.message));
      await setDevice('auto');
      console.log(await tensor([4]).add(1).array(), deviceInfo().name);
    `);
    expect({ errors, code }).toEqual({ errors: '', code: 0 });
    const lines = output.split('\n');
    expect(lines[0]).toBe('[ 3, 6 ]');
    expect(lines[1]).toMatch(
      /^DeviceUnavailableError: setDevice\('gpu'\): got no gpu\.js: .*npm install gpu\.js/,
    );
    expect(lines[2]).toMatch(/^weft: auto computes on wasm, since there is no gpu\.js: /);
    expect(lines[3]).toBe('[ 5 ] wasm');
  });
});
