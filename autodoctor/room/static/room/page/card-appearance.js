// @ts-check
/** The page's colors and shape, as Stripe's Payment Element takes them. */

const DARK = matchMedia("(prefers-color-scheme: dark)");
const TOKENS = {
  colorPrimary: "--accent-text",
  colorBackground: "--surface",
  colorText: "--ink",
  colorTextSecondary: "--ink-soft",
  colorDanger: "--bad",
  borderRadius: "--radius",
  fontFamily: "--sans",
};

/** @returns {StripeAppearance} */
export function appearance() {
  const page = getComputedStyle(document.documentElement);
  const valueOf = (/** @type {string} */ token) => page.getPropertyValue(token).replace(/\s+/g, " ").trim();
  const variables = Object.fromEntries(Object.entries(TOKENS).map(([name, token]) => [name, valueOf(token)]));
  return { theme: DARK.matches ? "night" : "stripe", variables: { ...variables, fontSizeBase: page.fontSize } };
}

/** @param {() => void} act */
export function whenThemeChanges(act) {
  DARK.addEventListener("change", act);
}
