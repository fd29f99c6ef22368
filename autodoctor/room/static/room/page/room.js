// @ts-check
/** Defines the elements of a session's page: first the parts that the room uses, then the room. Those of a call stand before. */
import { CardEntry } from "room/page/card-entry";
import { ChatLog } from "room/chat/chat-log";
import { ElapsedTime } from "lib/elapsed-time";
import { EndedCountdown } from "room/clock/ended-countdown";
import { FileDrop } from "room/files/file-drop";
import { FilePanel } from "room/files/file-panel";
import { IntakePhoto } from "room/files/intake-photo";
import { HandOver } from "handover/laptop";
import { GetHelp } from "room/page/get-help";
import { LightBox } from "lib/light-box";
import { MoreTime } from "room/page/extension-panel";
import { ReconnectBanner } from "room/wire/reconnect-banner";
import { SessionClock } from "room/clock/session-clock";
import { SessionRoom } from "room/page/session-room";
import { WaitingSound } from "room/clock/waiting-sound";

customElements.define("session-clock", SessionClock);
customElements.define("chat-log", ChatLog);
customElements.define("file-drop", FileDrop);
customElements.define("file-panel", FilePanel);
customElements.define("intake-photo", IntakePhoto);
customElements.define("light-box", LightBox);
customElements.define("card-entry", CardEntry);
customElements.define("more-time", MoreTime);
customElements.define("get-help", GetHelp);
customElements.define("hand-over", HandOver);
customElements.define("reconnect-banner", ReconnectBanner);
customElements.define("ended-countdown", EndedCountdown);
customElements.define("session-room", SessionRoom);
customElements.define("elapsed-time", ElapsedTime);
customElements.define("waiting-sound", WaitingSound);
