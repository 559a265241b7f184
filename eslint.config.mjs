import eslint from "@eslint/js";
import tseslint from "typescript-eslint";

const adapters = ["@pulumi/docker", "@pulumi/docker/*", "@pulumi/kubernetes", "@pulumi/kubernetes/*"];

export default tseslint.config(
  { ignores: ["node_modules/"] },
  eslint.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      eqeqeq: "error",
      "max-lines": ["warn", { max: 320, skipComments: true }],
    },
  },
  {
    files: ["components/**/*.ts", "index.ts", "operations/**/*.ts", "policy/**/*.ts"],
    ignores: ["components/platform/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: adapters, message: "Only components/platform knows a platform." }] },
      ],
    },
  },
  {
    files: ["components/**/*.ts", "index.ts"],
    ignores: ["components/settings/parse.ts"],
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "process", property: "env", message: "Settings come from the stack's configuration." },
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "NewExpression[callee.property.name='Config']",
          message: "Only components/settings reads configuration.",
        },
      ],
    },
  },
  { files: ["index.ts"], rules: { "@typescript-eslint/no-require-imports": "off" } },
);
