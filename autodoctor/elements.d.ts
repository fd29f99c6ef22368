/** The elements that scripts ask each other for, so that `querySelector("chat-log")` knows what it finds. */
import type { LightBox } from "lib/light-box";
import type { FilmRecorder } from "room/call/film-recorder";
import type { OwnPicture } from "room/call/own-picture";
import type { PicturePen } from "room/call/photo-annotator";
import type { SharedDrawing } from "room/call/shared-drawing";
import type { SoundPicture } from "room/call/spectrogram";
import type { ThinLine } from "room/call/thin-line";
import type { VideoStage } from "room/call/video-stage";
import type { VoiceRecorder } from "room/call/voice-recorder";
import type { ChatLog } from "room/chat/chat-log";
import type { EndedCountdown } from "room/clock/ended-countdown";
import type { SessionClock } from "room/clock/session-clock";
import type { FileDrop } from "room/files/file-drop";
import type { FilePanel } from "room/files/file-panel";
import type { CardEntry } from "room/page/card-entry";
import type { MoreTime } from "room/page/extension-panel";
import type { GetHelp } from "room/page/get-help";
import type { SessionRoom } from "room/page/session-room";
import type { DevicePreflight } from "room/preflight/device-preflight";
import type { ReconnectBanner } from "room/wire/reconnect-banner";
import type { PartRows } from "summaries/part-rows";
import type { PhotoPicks } from "summaries/photo-picks";

declare global {
  interface HTMLElementTagNameMap {
    "card-entry": CardEntry;
    "chat-log": ChatLog;
    "device-preflight": DevicePreflight;
    "ended-countdown": EndedCountdown;
    "file-drop": FileDrop;
    "file-panel": FilePanel;
    "film-recorder": FilmRecorder;
    "get-help": GetHelp;
    "light-box": LightBox;
    "more-time": MoreTime;
    "own-picture": OwnPicture;
    "part-rows": PartRows;
    "photo-picks": PhotoPicks;
    "picture-pen": PicturePen;
    "reconnect-banner": ReconnectBanner;
    "session-clock": SessionClock;
    "session-room": SessionRoom;
    "shared-drawing": SharedDrawing;
    "sound-picture": SoundPicture;
    "thin-line": ThinLine;
    "video-stage": VideoStage;
    "voice-recorder": VoiceRecorder;
  }
}
