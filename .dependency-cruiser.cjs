/** Imports point one way: each folder may reach only what lies below it. Checked by `npm run imports`. */
const layers = {
  'src/errors.ts': ['src/text.ts'],
  'src/options.ts': ['src/errors.ts'],
  'src/text.ts': [],
  'src/node-modules.ts': [],
  'src/tensor': ['src/errors.ts', 'src/options.ts', 'kernels'],
  'src/ops': ['src/errors.ts', 'src/options.ts', 'src/tensor', 'kernels'],
  'src/autograd': ['src/errors.ts', 'src/options.ts', 'src/tensor', 'src/ops'],
  'src/plan': ['src/errors.ts', 'src/options.ts', 'src/text.ts', 'src/tensor', 'src/ops', 'kernels'],
  'src/devices': [
    'src/errors.ts',
    'src/options.ts',
    'src/text.ts',
    'src/node-modules.ts',
    'src/tensor',
    'src/plan',
    'kernels',
  ],
  'src/nn': ['src/errors.ts', 'src/options.ts', 'src/text.ts', 'src/tensor', 'src/ops'],
  'src/models': ['src/errors.ts', 'src/options.ts', 'src/text.ts', 'src/tensor', 'src/nn'],
  'src/optim': ['src/errors.ts', 'src/options.ts', 'src/tensor', 'src/ops'],
  'src/data': ['src/errors.ts', 'src/options.ts', 'src/text.ts', 'src/node-modules.ts', 'kernels/support'],
  'src/metrics': ['src/errors.ts', 'src/options.ts', 'src/text.ts', 'src/data/random-generator.ts'],
  'src/train': [
    'src/errors.ts',
    'src/options.ts',
    'src/node-modules.ts',
    'src/text.ts',
    'src/tensor',
    'src/ops',
    'src/nn',
    'src/optim',
    'src/data',
    'src/metrics',
  ],
  kernels: [],
};
// Only the entry, which connects the parts, and the command line reach everything.
const escapeDots = (path) => path.replace(/[.]/g, '\\.');
/** What says what a kernel computes, and not how. */
const contracts = [
  '^kernels/(?!support/)[^/]+/index\\.ts$',
  '^kernels/support/(contract|threefry|view)\\.ts$',
];
const inside = (path) => `^${escapeDots(path)}${path.endsWith('.ts') ? '$' : '/'}`;

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: { pathNot: '^src/tensor/' },
      to: { circular: true },
    },
    {
      name: 'no-cycles-but-of-types-in-tensor',
      comment:
        'Tensor, Node, Primitive and Variable are one recursive type: a tensor is a handle to a node, a node applies a ' +
        'primitive to tensors, the gradient of a primitive makes tensors of tensors, and a leaf names its variable, which ' +
        'is a tensor. What variables are made with speaks of them, too, but in types only.',
      severity: 'error',
      from: { path: '^src/tensor/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    ...Object.entries(layers).map(([folder, below]) => ({
      name: `${folder}-imports-downwards`,
      severity: 'error',
      from: { path: inside(folder) },
      to: { path: '^(src|kernels|bench|test)/', pathNot: [folder, ...below].map(inside) },
    })),
    {
      name: 'contracts-not-implementations',
      comment:
        'Only devices reach the table of kernels and the implementations; everybody else reads contracts.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/devices/' },
      to: { path: '^kernels/', pathNot: contracts },
    },
    {
      name: 'declared-dependencies',
      severity: 'error',
      from: { path: '^(src|kernels)/', pathNot: '^src/cli/' },
      // gpu.js is an optional peer of whoever installs weft, so here it is a development dependency as well.
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'],
        dependencyTypesNot: ['npm-peer'],
      },
    },
    {
      name: 'declared-dependencies-of-the-command',
      comment:
        'What the command needs besides the library is bundled with it, so that users do not install it; but for bullmq and ioredis, ' +
        'which are optional peers.',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'],
        dependencyTypesNot: ['npm-peer'],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // What was built from these files follows rules of its own.
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
