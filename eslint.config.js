/** The lint of the scripts: what is almost always a mistake. Types and undefined names are the type checker's. */
import js from "@eslint/js";

export default [
  {
    files: ["autodoctor/**/static/**/*.js", "autodoctor/sandbox/scripts/*.js"],
    ...js.configs.recommended,
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      ...js.configs.recommended.rules,
      "no-undef": "off",
      "no-unused-vars": "off",
      "array-callback-return": "error",
      "default-case-last": "error",
      eqeqeq: "error",
      "logical-assignment-operators": "error",
      "max-depth": ["error", 3],
      "max-lines-per-function": ["error", { max: 40 }],
      "max-params": ["error", 4],
      "no-console": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-restricted-syntax": [
        "error",
        {
          selector: "AssignmentExpression[left.property.name=/^(inner|outer)HTML$/]",
          message: "Markup comes from the server or from a template: clone it, or morph.",
        },
      ],
      "no-self-compare": "error",
      "no-throw-literal": "error",
      "no-unmodified-loop-condition": "error",
      "no-unneeded-ternary": "error",
      "no-useless-assignment": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
    },
  },
];
