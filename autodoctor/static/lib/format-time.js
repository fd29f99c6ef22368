// @ts-check
/** Formats times and durations in the viewer's language and time zone, like `core/formatting.py`. */

const language = document.documentElement.lang;
/** The time zone of the server's times, which the viewer may have chosen. */
const timeZone = /** @type {HTMLElement | null} */ (document.querySelector("[data-zone]"))?.dataset.zone;
const clock = formatter({ hour: "numeric", minute: "2-digit" });
const day = formatter({ weekday: "long", day: "numeric", month: "short" });

/**
 * A browser that is older than the zone formats in its own: it would refuse to, and no script would run.
 * @param {Intl.DateTimeFormatOptions} parts
 */
function formatter(parts) {
  try {
    return new Intl.DateTimeFormat(language, { timeZone, ...parts });
  } catch {
    return new Intl.DateTimeFormat(language, parts);
  }
}

/** "2:03 PM" @param {string} iso */
export const timeOfDay = (iso) => clock.format(new Date(iso));

/** "Sunday, Nov 22" @param {string} iso */
export const dayOf = (iso) => day.format(new Date(iso));

/** Minutes and seconds as "29:05", also beyond an hour. @param {number} seconds */
export function minutesAndSeconds(seconds) {
  const whole = Math.max(0, seconds);
  return `${String(Math.floor(whole / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}`;
}

/** "5 minutes", "20 seconds" @param {number} seconds */
export function spanOfTime(seconds) {
  const [amount, unit] = seconds < 60 ? [seconds, "second"] : [Math.round(seconds / 60), "minute"];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(amount);
}
