// @ts-check
/** Defines the elements of pages that show lists, pictures and times: dashboards, cases, conversations, transcripts. */
import { ElapsedTime } from "lib/elapsed-time";
import { LightBox } from "lib/light-box";
import { ServerClock } from "lib/server-clock";
import { FeedStatus, LiveList } from "lib/live-list";

const page = /** @type {HTMLElement | null} */ (document.querySelector("[data-now]"));
ElapsedTime.clock = new ServerClock(page?.dataset.now);
customElements.define("elapsed-time", ElapsedTime);
customElements.define("light-box", LightBox);
customElements.define("live-list", LiveList);
customElements.define("feed-status", FeedStatus);
