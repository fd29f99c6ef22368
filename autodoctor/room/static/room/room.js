// @ts-check
/** Makes the elements of a session's page known: first the parts that the room hands things to, then the room. */
import { ChatLog } from "room/chat-log";
import { DevicePreflight } from "room/device-preflight";
import { ElapsedTime } from "room/elapsed-time";
import { EndedCountdown } from "room/ended-countdown";
import { FileDrop } from "room/file-drop";
import { FilePanel } from "room/file-panel";
import { GetHelp } from "room/get-help";
import { LightBox } from "room/light-box";
import { MoreTime } from "room/more-time";
import { OwnPicture } from "room/own-picture";
import { PicturePen } from "room/picture-pen";
import { ReconnectBanner } from "room/reconnect-banner";
import { SessionClock } from "room/session-clock";
import { SessionRoom } from "room/session-room";
import { SoundPicture } from "room/sound-picture";
import { VideoStage } from "room/video-stage";
import { WaitingSound } from "room/waiting-sound";

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
