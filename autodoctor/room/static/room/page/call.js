// @ts-check
/** Defines the elements of a call, for the page of a session that has one. */
import { FilmRecorder } from "room/call/film-recorder";
import { OwnPicture } from "room/call/own-picture";
import { PicturePen } from "room/call/photo-annotator";
import { SharedDrawing } from "room/call/shared-drawing";
import { SoundPicture } from "room/call/spectrogram";
import { ThinLine } from "room/call/thin-line";
import { VideoStage } from "room/call/video-stage";
import { VoiceRecorder } from "room/call/voice-recorder";

customElements.define("film-recorder", FilmRecorder);
customElements.define("own-picture", OwnPicture);
customElements.define("picture-pen", PicturePen);
customElements.define("shared-drawing", SharedDrawing);
customElements.define("sound-picture", SoundPicture);
customElements.define("thin-line", ThinLine);
customElements.define("voice-recorder", VoiceRecorder);
customElements.define("video-stage", VideoStage);
