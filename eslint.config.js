import tseslint from 'typescript-eslint'
import globals from 'globals'
import jsxA11y from 'eslint-plugin-jsx-a11y'
import reactHooks from 'eslint-plugin-react-hooks'

const typed = {
  languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
}

export default tseslint.config(
  {
    ignores: ['**/node_modules/**', '**/dist/**', '.demo/**', '.dependency-cruiser.cjs', 'eslint.config.js'],
  },
  ...tseslint.configs.recommendedTypeChecked,
  typed,
  // It stands alone: no compiler, no types.
  { files: ['scripts/**/*.mjs'], ...tseslint.configs.disableTypeChecked },
  // Parts of one classic script for any browser: they know each other when they are put together.
  {
    files: ['packages/media/src/write/mini-viewer/pages/*.js'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: {
      ...tseslint.configs.disableTypeChecked.languageOptions,
      sourceType: 'script',
      globals: globals.browser,
    },
    rules: {
      ...tseslint.configs.disableTypeChecked.rules,
      'no-var': 'off',
      '@typescript-eslint/no-unused-vars': 'off',
    },
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      // What is `using`, or in a `try`, is over before a promise that is handed on unawaited.
      '@typescript-eslint/return-await': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 110, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['@twiin/*/src/*'], message: 'Import the package, not its inside.' }] },
      ],
      eqeqeq: 'error',
    },
  },
  {
    files: ['scripts/**', 'test/**', '**/*.test.ts'],
    rules: { 'no-console': 'off', 'max-lines-per-function': 'off' },
  },
  {
    files: ['{node/ui,registry/ui,packages/ui-kit}/src/**/*.{ts,tsx}'],
    languageOptions: { globals: globals.browser },
    plugins: { 'jsx-a11y': jsxA11y, 'react-hooks': reactHooks },
    rules: {
      ...jsxA11y.flatConfigs.recommended.rules,
      ...reactHooks.configs.recommended.rules,
      'max-lines-per-function': ['error', { max: 180, skipBlankLines: true, skipComments: true }],
      'jsx-a11y/no-noninteractive-tabindex': ['error', { roles: ['region', 'tabpanel'], tags: [] }],
    },
  },
)
