// @ts-check
/** Defines the elements of the summary's form: first those that the form itself uses. */
import { FileDrop } from "room/files/file-drop";
import { CodeLines, ProposedLines } from "summaries/code-lines";
import { DraftForm } from "summaries/draft-form";
import { PartRows } from "summaries/part-rows";
import { PhotoPicks } from "summaries/photo-picks";

customElements.define("part-rows", PartRows);
customElements.define("photo-picks", PhotoPicks);
customElements.define("code-lines", CodeLines);
customElements.define("proposed-lines", ProposedLines);
customElements.define("draft-form", DraftForm);
customElements.define("file-drop", FileDrop);
