// @ts-check
/** Defines the elements of the page on which a mechanic says what they know. */
import { SkillChoice } from "skills/skill-choice";

customElements.define("skill-choice", SkillChoice);
