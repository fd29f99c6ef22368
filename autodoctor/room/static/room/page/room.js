// @ts-check
/** Defines the elements of a session's page: first the parts that the room uses, then the room. */
import { ChatLog } from "room/chat/chat-log";
import { DevicePreflight } from "room/preflight/device-preflight";
import { ElapsedTime } from "lib/elapsed-time";
import { EndedCountdown } from "room/clock/ended-countdown";
import { FileDrop } from "room/files/file-drop";
import { FilePanel } from "room/files/file-panel";
import { GetHelp } from "room/page/get-help";
import { LightBox } from "lib/light-box";
import { MoreTime } from "room/page/extension-panel";
import { OwnPicture } from "room/call/own-picture";
import { PicturePen } from "room/call/photo-annotator";
import { ReconnectBanner } from "room/wire/reconnect-banner";
import { SessionClock } from "room/clock/session-clock";
import { SessionRoom } from "room/page/session-room";
import { SoundPicture } from "room/call/spectrogram";
import { VideoStage } from "room/call/video-stage";
import { WaitingSound } from "room/clock/waiting-sound";

customElements.define("session-clock", SessionClock);
customElements.define("chat-log", ChatLog);
customElements.define("file-drop", FileDrop);
customElements.define("device-preflight", DevicePreflight);
customElements.define("file-panel", FilePanel);
customElements.define("light-box", LightBox);
customElements.define("more-time", MoreTime);
customElements.define("get-help", GetHelp);
customElements.define("own-picture", OwnPicture);
customElements.define("picture-pen", PicturePen);
customElements.define("sound-picture", SoundPicture);
customElements.define("video-stage", VideoStage);
customElements.define("reconnect-banner", ReconnectBanner);
customElements.define("ended-countdown", EndedCountdown);
customElements.define("session-room", SessionRoom);
customElements.define("elapsed-time", ElapsedTime);
customElements.define("waiting-sound", WaitingSound);
