// @ts-check
/** Defines the elements of the page for the workshop. */
import { ShareWords } from "summaries/share-words";
import { ShoppingList } from "summaries/shopping-list";

customElements.define("share-words", ShareWords);
customElements.define("shopping-list", ShoppingList);
