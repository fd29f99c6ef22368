// @ts-check
/** Makes the elements of the dashboards known. */
import { ElapsedTime } from "room/elapsed-time";
import { ServerClock } from "room/server-clock";
import { FeedStatus, LiveList } from "sessions/live-list";

const page = /** @type {HTMLElement | null} */ (document.querySelector("[data-now]"));
ElapsedTime.clock = new ServerClock(page?.dataset.now);
customElements.define("elapsed-time", ElapsedTime);
customElements.define("live-list", LiveList);
customElements.define("feed-status", FeedStatus);
