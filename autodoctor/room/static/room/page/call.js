// @ts-check
/** Defines the elements of a call, for the page of a session that has one. */
import { OwnPicture } from "room/call/own-picture";
import { PicturePen } from "room/call/photo-annotator";
import { SoundPicture } from "room/call/spectrogram";
import { VideoStage } from "room/call/video-stage";

customElements.define("own-picture", OwnPicture);
customElements.define("picture-pen", PicturePen);
customElements.define("sound-picture", SoundPicture);
customElements.define("video-stage", VideoStage);
